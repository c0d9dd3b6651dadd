//! The one integration binary: behaviours through the real binary and the real wire protocol, and
//! the rules of the house.

mod tidy;
