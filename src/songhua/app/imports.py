"""Files and corrections on their way in: journal first, then the shelf, then the register."""




_PIECE = 4 * 1024 * 1024
_MOST_EXAMPLES = 50
