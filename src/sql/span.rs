//! Places in a text: byte spans, and the lines and columns people read.

/// A half-open range of bytes in the text that was parsed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// From the first byte to before the last.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The smallest span that holds both.
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The bytes it covers; empty where it lies outside the text.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or("")
    }
}

/// Lines and columns of many places in one text: each costs the same however long the text and its lines are.
#[derive(Clone, Debug)]
pub struct Places {
    /// Byte, line and column of a place here and there, in order; the first is the beginning.
    marks: Vec<(usize, usize, usize)>,
}

impl Places {
    /// How far marks are apart at most, in characters.
    const STRIDE: usize = 1024;

    /// Goes through a text once.
    pub fn of(text: &str) -> Self {
        let mut marks = vec![(0, 1, 1)];
        let (mut line, mut column, mut unmarked) = (1, 1, 0);
        for (byte, c) in text.char_indices() {
            if unmarked == Self::STRIDE {
                marks.push((byte, line, column));
                unmarked = 0;
            }
            unmarked += 1;
            (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        Self { marks }
    }

    /// Tells what [`line_column`] does, of the text that it went through.
    pub fn line_column(&self, text: &str, byte: usize) -> (usize, usize) {
        let before = self.marks.partition_point(|(mark, ..)| *mark <= byte).saturating_sub(1);
        let (start, line, column) = self.marks.get(before).copied().unwrap_or((0, 1, 1));
        let between = text.get(start..byte).or_else(|| text.get(start..)).unwrap_or_default();
        match line_column(between, between.len()) {
            (1, further) => (line, column + further - 1),
            (lines, column) => (line + lines - 1, column),
        }
    }
}

/// Tells line and column of a byte, both from 1; the column counts characters.
///
/// A byte past the end is taken as the end.
pub fn line_column(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    (line(text, byte), column)
}

/// Tells the line of a byte, as [`line_column`] does.
pub fn line(text: &str, byte: usize) -> usize {
    let before = text.get(..byte).unwrap_or(text);
    // By pieces whose sum fits into a byte: as many bytes are added up at once as a register holds.
    let ends = |piece: &[u8]| piece.iter().map(|byte| u8::from(*byte == b'\n')).sum::<u8>();
    before.as_bytes().chunks(usize::from(u8::MAX)).map(|piece| usize::from(ends(piece))).sum::<usize>() + 1
}

#[cfg(test)]
mod tests {
    use super::Places;
    use super::line_column;

    #[test]
    fn both_ways_to_a_line_and_a_column_agree() {
        let long = "é\nab\r\n".repeat(700) + &"ü".repeat(3000) + "\n\nend";
        let places = Places::of(&long);
        for (byte, _) in long.char_indices() {
            assert_eq!(places.line_column(&long, byte), line_column(&long, byte), "{byte}");
        }
        for byte in [long.len(), long.len() + 5] {
            assert_eq!(places.line_column(&long, byte), line_column(&long, byte), "{byte}");
        }
    }
}
