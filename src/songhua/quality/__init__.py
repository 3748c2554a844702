"""Quality: may this value be used?"""
