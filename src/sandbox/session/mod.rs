//! One client: its variables, its transaction, its prepared statements and cursors.
