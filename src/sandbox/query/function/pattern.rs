//! Patterns: `LIKE`, regular expressions, checksums.

use datafusion::arrow::array::Array;
use datafusion::arrow::array::AsArray;
use datafusion::arrow::array::StringArray;
use datafusion::arrow::compute::kernels::regexp::regexp_is_match_scalar;
use datafusion::arrow::compute::kernels::regexp::regexp_match;
use datafusion::functions::regex::regexpreplace::regexp_replace;

use super::Nulls::StrictMay;
use super::*;
use crate::sandbox::error::SqlError;

/// Whether a text is like a pattern.
///
/// # Errors
/// A pattern may not end in what escapes.
fn like(args: &[Datum], escape: Option<char>, fold: bool) -> Result<Datum, SqlError> {
    let (text, pattern) = (t(args, 0), t(args, 1));
    enum Part {
        One,
        Many,
        Char(char),
    }
    let folded = |text: &str| if fold { text.to_lowercase() } else { text.to_owned() };
    let text: Vec<char> = folded(text).chars().collect();
    let pattern_text = folded(pattern);
    let mut parts = Vec::new();
    let mut chars = pattern_text.chars();
    while let Some(c) = chars.next() {
        parts.push(match c {
            c if Some(c) == escape => Part::Char(
                chars.next().ok_or_else(|| SqlError::internal("unterminated escape sequence in LIKE"))?,
            ),
            '%' => Part::Many,
            '_' => Part::One,
            c => Part::Char(c),
        });
    }
    // The place in both at which the last `%` was, to go on from one later.
    let (mut at, mut part, mut back) = (0, 0, None);
    while at < text.len() {
        let fits = match (parts.get(part), text.get(at)) {
            (Some(Part::One), Some(_)) => true,
            (Some(Part::Char(a)), Some(b)) => a == b,
            _ => false,
        };
        if matches!(parts.get(part), Some(Part::Many)) {
            back = Some((at, part));
            part += 1;
        } else if fits {
            at += 1;
            part += 1;
        } else if let Some((from, many)) = back {
            back = Some((from + 1, many));
            at = from + 1;
            part = many + 1;
        } else {
            return Ok(Datum::Bool(false));
        }
    }
    let rest = parts.get(part..).unwrap_or_default();
    Ok(Datum::Bool(rest.iter().all(|part| matches!(part, Part::Many))))
}

/// The reason is what the engine's own error has of the pattern's.
fn wrong(error: impl std::fmt::Display) -> SqlError {
    let text = error.to_string();
    let reason = text.find("regex parse error").and_then(|at| text.get(at..)).unwrap_or(&text);
    let reason = reason.split("\n~~").next().unwrap_or(reason).trim_end_matches([')', '"']);
    SqlError::internal(format!("invalid regular expression: {reason}"))
}

fn matches(text: &str, pattern: &str, fold: bool) -> Result<bool, SqlError> {
    let texts = StringArray::from(vec![text]);
    let found = regexp_is_match_scalar(&texts, pattern, fold.then_some("i")).map_err(wrong)?;
    Ok(found.value(0))
}

fn replaced(args: &[Datum]) -> Result<Datum, SqlError> {
    let array = |text: &str| StringArray::from(vec![text.to_owned()]);
    let (text, pattern, new) = (array(t(args, 0)), array(t(args, 1)), array(t(args, 2)));
    let flags = (args.len() > 3).then(|| array(t(args, 3)));
    let made = regexp_replace::<i32, _>(&text, &pattern, &new, flags.as_ref()).map_err(wrong)?;
    Ok(Datum::text(made.as_string::<i32>().value(0)))
}

fn found(args: &[Datum]) -> Result<Datum, SqlError> {
    let (text, pattern) = (StringArray::from(vec![t(args, 0)]), StringArray::from(vec![t(args, 1)]));
    let flags = (args.len() > 2).then(|| StringArray::from(vec![t(args, 2)]));
    let flags = flags.as_ref().map(|flags| flags as &dyn datafusion::arrow::array::Datum);
    let made = regexp_match(&text, &pattern, flags).map_err(wrong)?;
    let lists = made.as_list::<i32>();
    if lists.is_null(0) {
        return Ok(Datum::Null);
    }
    let groups = lists.value(0);
    let groups = groups.as_string::<i32>();
    let items: Vec<Datum> = groups.iter().map(|group| group.map_or(Datum::Null, Datum::text)).collect();
    Ok(Datum::Array(vec![items.len()], items))
}

/// What stands between the matches of a pattern.
fn split(args: &[Datum]) -> Result<Datum, SqlError> {
    let items: Vec<Datum> = parts(args)?.into_iter().map(Datum::text).collect();
    Ok(Datum::Array(vec![items.len()], items))
}

/// What stands between the matches of a pattern, as texts.
pub(in crate::sandbox::query) fn parts(args: &[Datum]) -> Result<Vec<String>, SqlError> {
    let text = t(args, 0);
    if text.is_empty() {
        return Ok(vec![String::new()]);
    }
    // A character that no text has can mark the places.
    let marked = replaced_by(args, "\0")?;
    if t(args, 1).is_empty() {
        return Ok(text.chars().map(String::from).collect());
    }
    Ok(marked.split('\0').map(str::to_owned).collect())
}

/// A text with something in the place of every match.
fn replaced_by(args: &[Datum], new: &str) -> Result<String, SqlError> {
    let mut flags = "g".to_owned();
    if args.len() > 2 {
        flags.push_str(t(args, 2));
    }
    let made =
        replaced(&[Datum::text(t(args, 0)), Datum::text(t(args, 1)), Datum::text(new), Datum::text(flags)])?;
    Ok(match made {
        Datum::Text(text) => text.to_string(),
        _ => String::new(),
    })
}

/// The functions of this file. Operators come with names that nobody can write.
pub(super) fn overloads(name: &str) -> Option<Vec<Overload>> {
    let two = |eval: Eval| vec![f(&[TEXT, TEXT], a_bool, eval)];
    let bytes = |eval: Eval| vec![f(&[Type::Bytea], first, eval)];
    Some(match name {
        "~" => two(|_, a| matches(t(a, 0), t(a, 1), false).map(Datum::Bool)),
        "~*" => two(|_, a| matches(t(a, 0), t(a, 1), true).map(Datum::Bool)),
        "!~" => two(|_, a| matches(t(a, 0), t(a, 1), false).map(|found| Datum::Bool(!found))),
        "!~*" => two(|_, a| matches(t(a, 0), t(a, 1), true).map(|found| Datum::Bool(!found))),
        "LIKE" => two(|_, a| like(a, Some('\\'), false)),
        "ILIKE" => two(|_, a| like(a, Some('\\'), true)),
        "LIKE ESCAPE" => {
            vec![f(&[TEXT, TEXT, TEXT], a_bool, |_, a| like(a, t(a, 2).chars().next(), false))]
        }
        "ILIKE ESCAPE" => {
            vec![f(&[TEXT, TEXT, TEXT], a_bool, |_, a| like(a, t(a, 2).chars().next(), true))]
        }
        "regexp_replace" => vec![
            f(&[TEXT, TEXT, TEXT], a_text, |_, a| replaced(a)),
            f(&[TEXT, TEXT, TEXT, TEXT], a_text, |_, a| replaced(a)),
        ],
        "regexp_match" => vec![
            f(&[TEXT, TEXT], texts, |_, a| found(a)).nulls(StrictMay),
            f(&[TEXT, TEXT, TEXT], texts, |_, a| found(a)).nulls(StrictMay),
        ],
        "regexp_split_to_array" => {
            vec![f(&[TEXT, TEXT], texts, |_, a| split(a)), f(&[TEXT, TEXT, TEXT], texts, |_, a| split(a))]
        }
        "sha224" => bytes(|_, a| Ok(checksum::<sha2::Sha224>(a))),
        "sha256" => bytes(|_, a| Ok(checksum::<sha2::Sha256>(a))),
        "sha384" => bytes(|_, a| Ok(checksum::<sha2::Sha384>(a))),
        "sha512" => bytes(|_, a| Ok(checksum::<sha2::Sha512>(a))),
        "md5" => vec![f(&[TEXT], a_text, |_, a| Ok(Datum::text(md5(t(a, 0).as_bytes()))))],
        _ => return None,
    })
}

/// A checksum of bytes.
fn checksum<D: sha2::Digest>(args: &[Datum]) -> Datum {
    match args {
        [Datum::Bytes(bytes)] => Datum::Bytes(D::digest(bytes).to_vec()),
        _ => Datum::Null,
    }
}

/// The MD5 checksum in hexadecimal. Source: RFC 1321.
fn md5(input: &[u8]) -> String {
    const TURNS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
    let mut message = input.to_vec();
    message.push(0x80);
    while message.len() % 64 != 56 {
        message.push(0);
    }
    message.extend((input.len() as u64).wrapping_mul(8).to_le_bytes());
    let mut sum: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    for block in message.chunks(64) {
        let words: Vec<u32> =
            block.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap_or_default())).collect();
        let [mut a, mut b, mut c, mut d] = sum;
        for step in 0..64_usize {
            let (mix, word) = match step / 16 {
                0 => ((b & c) | (!b & d), step),
                1 => ((d & b) | (!d & c), (5 * step + 1) % 16),
                2 => (b ^ c ^ d, (3 * step + 5) % 16),
                _ => (c ^ (b | !d), (7 * step) % 16),
            };
            let sine = (((step + 1) as f64).sin().abs() * 4_294_967_296.0) as u32;
            let turn = TURNS.get(step / 16).and_then(|round| round.get(step % 4)).copied().unwrap_or(0);
            let added =
                a.wrapping_add(mix).wrapping_add(sine).wrapping_add(words.get(word).copied().unwrap_or(0));
            (a, d, c) = (d, c, b);
            b = b.wrapping_add(added.rotate_left(turn));
        }
        for (own, new) in sum.iter_mut().zip([a, b, c, d]) {
            *own = own.wrapping_add(new);
        }
    }
    sum.iter().flat_map(|word| word.to_le_bytes()).map(|byte| format!("{byte:02x}")).collect()
}
