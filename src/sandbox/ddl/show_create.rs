//! `SHOW CREATE`: the stored statement for people.
