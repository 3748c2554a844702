"""The room of the law: which standard was in force when, what it says, what changed."""
