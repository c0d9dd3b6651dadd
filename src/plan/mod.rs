//! Plans: ordered SQL steps as data, and their text.
//!
//! A plan holds no connection and reads no clock, so it can be printed, compared, counted and
//! carried out by whoever holds a session. Start reading at [`step::Step`].

use self::step::Step;

pub mod exchange;
mod options;
pub mod privilege;
pub mod step;

/// Steps in order, in blocks that are carried out differently.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    blocks: Vec<Block>,
}

/// Steps that share a fate, or do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Each is a statement of its own; the first that fails leaves the ones before it done.
    Each(Vec<Step>),
    /// All of them in one DDL transaction: all or nothing.
    Together(Vec<Step>),
    /// As `Together`, but rolled back at the end: tells whether it would work.
    Rehearse(Vec<Step>),
}

impl Block {
    /// Its steps.
    pub fn steps(&self) -> &[Step] {
        match self {
            Self::Each(steps) | Self::Together(steps) | Self::Rehearse(steps) => steps,
        }
    }

    /// Its statements as they are sent, transaction control included.
    pub fn statements(&self) -> Vec<String> {
        let (begin, end) = match self {
            Self::Each(_) => (None, None),
            Self::Together(_) => (Some("BEGIN"), Some("COMMIT")),
            Self::Rehearse(_) => (Some("BEGIN"), Some("ROLLBACK")),
        };
        let begin = begin.map(str::to_owned).into_iter();
        let end = end.map(str::to_owned);
        begin.chain(self.steps().iter().map(Step::shown)).chain(end).collect()
    }
}

impl Plan {
    /// A plan that does nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds statements that stand on their own.
    pub fn each(&mut self, steps: impl IntoIterator<Item = Step>) {
        self.push(Block::Each(steps.into_iter().collect()));
    }

    /// Adds a transaction.
    pub fn together(&mut self, steps: impl IntoIterator<Item = Step>) {
        self.push(Block::Together(steps.into_iter().collect()));
    }

    /// Adds a transaction that is rolled back.
    pub fn rehearse(&mut self, steps: impl IntoIterator<Item = Step>) {
        self.push(Block::Rehearse(steps.into_iter().collect()));
    }

    fn push(&mut self, block: Block) {
        if !block.steps().is_empty() {
            self.blocks.push(block);
        }
    }

    /// Adds another plan's blocks behind this one's.
    pub fn extend(&mut self, other: Self) {
        self.blocks.extend(other.blocks);
    }

    /// The blocks, none of them empty.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Every step, in order.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.blocks.iter().flat_map(Block::steps)
    }

    /// Tells whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// How many DDL statements it sends for good: a rehearsal and transaction control do not count.
    pub fn ddl_statements(&self) -> usize {
        let lasting = |block: &&Block| !matches!(block, Block::Rehearse(_));
        self.blocks.iter().filter(lasting).map(|block| block.steps().len()).sum()
    }

    /// Its statements as they are sent, in order, secrets masked.
    pub fn statements(&self) -> Vec<String> {
        self.blocks.iter().flat_map(Block::statements).collect()
    }
}
