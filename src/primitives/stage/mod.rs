//! stage: builds what has to be rebuilt beside production.

mod clone;
