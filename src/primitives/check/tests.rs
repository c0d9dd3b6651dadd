//! Which statements a check makes, and what it makes of answers.
