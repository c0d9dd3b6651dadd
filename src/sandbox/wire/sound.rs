//! Whether a message has the shape that its letter promises: the codec takes that for granted.

/// Tells whether what follows a message's letter and length is whole.
pub(super) fn is_sound(letter: u8, body: &[u8]) -> bool {
    let mut rest = Rest(body);
    let shape = match letter {
        b'Q' | b'p' => rest.text(),
        b'P' => rest.text().and_then(|()| rest.text()).and_then(|()| rest.several(4)),
        b'B' => rest
            .text()
            .and_then(|()| rest.text())
            .and_then(|()| rest.several(2))
            .and_then(|()| rest.values())
            .and_then(|()| rest.several(2)),
        b'D' | b'C' => match body.first() {
            Some(b'S' | b'P') => rest.skip(1).and_then(|()| rest.text()),
            _ => None,
        },
        b'E' => rest.text().and_then(|()| rest.skip(4)),
        b'S' | b'H' | b'X' | b'c' => Some(()),
        b'd' => return true,
        b'f' => rest.text(),
        _ => None,
    };
    shape.is_some() && rest.0.is_empty()
}

/// What has not been looked at.
struct Rest<'b>(&'b [u8]);

impl Rest<'_> {
    fn skip(&mut self, count: usize) -> Option<()> {
        self.0 = self.0.get(count..)?;
        Some(())
    }

    /// A text and the zero that ends it.
    fn text(&mut self) -> Option<()> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        self.skip(end + 1)
    }

    fn count(&mut self) -> Option<usize> {
        let (count, _) = self.0.split_first_chunk::<2>()?;
        let count = usize::from(u16::from_be_bytes(*count));
        self.skip(2)?;
        Some(count)
    }

    /// A number, and so many things of a size.
    fn several(&mut self, size: usize) -> Option<()> {
        let count = self.count()?;
        self.skip(count * size)
    }

    /// A number, and so many values with their lengths; -1 is NULL.
    fn values(&mut self) -> Option<()> {
        for _ in 0..self.count()? {
            let (length, _) = self.0.split_first_chunk::<4>()?;
            let length = i32::from_be_bytes(*length);
            self.skip(4)?;
            match length {
                -1 => {}
                length => self.skip(usize::try_from(length).ok()?)?,
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::is_sound;

    #[test]
    fn every_message_that_is_cut_is_found() {
        let bind = b"\0\0\0\x02\0\0\0\x01\0\x02\xff\xff\xff\xff\0\0\0\x03abc\0\x01\0\x01";
        let whole: [(u8, &[u8]); 6] = [
            (b'Q', b"SELECT 1\0"),
            (b'P', b"p\0SELECT $1\0\0\x01\0\0\0\x17"),
            (b'B', bind),
            (b'D', b"S\0"),
            (b'E', b"\0\0\0\0\x05"),
            (b'C', b"Pname\0"),
        ];
        for (letter, body) in whole {
            assert!(is_sound(letter, body), "{}", char::from(letter));
            for end in 0..body.len() {
                assert!(!is_sound(letter, &body[..end]), "{} cut at {end}", char::from(letter));
            }
            assert!(!is_sound(letter, &[body, b"x"].concat()), "{} with more", char::from(letter));
        }
        assert!(is_sound(b'S', b"") && !is_sound(b'S', b"x") && !is_sound(b'?', b""));
        assert!(!is_sound(b'B', b"\0\0\0\0\0\x01\xff\xff\xff\xfe\0\0"));
    }
}
