//! `numeric` in the binary format: digits in base ten thousand.

/// The base of the digits.
const BASE_DIGITS: usize = 4;

/// How a number that is none is marked.
const NAN: u16 = 0xC000;

/// How numbers without end are marked; the server has none.
const INFINITE: [u16; 2] = [0xD000, 0xF000];

/// How far from the point the first group may be: no number of the server has so many digits.
const FURTHEST: i32 = 100;

/// Writes a number; `None` for a text that is none.
pub(super) fn encode(text: &str) -> Option<Vec<u8>> {
    if text == "NaN" {
        return Some(header(0, 0, NAN, 0));
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.trim_start_matches('0');
    if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let pad = (BASE_DIGITS - whole.len() % BASE_DIGITS) % BASE_DIGITS;
    let mut padded = format!("{}{whole}{fraction}", "0".repeat(pad));
    let groups_before = (whole.len() + pad) / BASE_DIGITS;
    while padded.len() % BASE_DIGITS != 0 {
        padded.push('0');
    }
    let mut groups = Vec::new();
    for group in padded.as_bytes().chunks(BASE_DIGITS) {
        groups.push(group.iter().fold(0_u16, |sum, digit| sum * 10 + u16::from(digit - b'0')));
    }
    let mut weight = i16::try_from(groups_before).ok()?.checked_sub(1)?;
    let leading = groups.iter().take_while(|group| **group == 0).count();
    groups.drain(..leading);
    weight = weight.checked_sub(i16::try_from(leading).ok()?)?;
    while groups.last() == Some(&0) {
        groups.pop();
    }
    if groups.is_empty() {
        weight = 0;
    }
    let count = i16::try_from(groups.len()).ok()?;
    let sign = if negative { 0x4000 } else { 0 };
    let mut bytes = header(count, weight, sign, u16::try_from(fraction.len()).ok()?);
    for group in groups {
        bytes.extend(group.to_be_bytes());
    }
    Some(bytes)
}

fn header(count: i16, weight: i16, sign: u16, scale: u16) -> Vec<u8> {
    let mut bytes = count.to_be_bytes().to_vec();
    bytes.extend(weight.to_be_bytes());
    bytes.extend(sign.to_be_bytes());
    bytes.extend(scale.to_be_bytes());
    bytes
}

/// Reads a number.
///
/// # Errors
/// Why the bytes are none that the server has.
pub(super) fn decode(bytes: &[u8]) -> Result<String, &'static str> {
    read(bytes).unwrap_or(Err("invalid buffer size"))
}

fn read(bytes: &[u8]) -> Option<Result<String, &'static str>> {
    let mut words = bytes.chunks_exact(2).map(|pair| match pair {
        [high, low] => u16::from_be_bytes([*high, *low]),
        _ => 0,
    });
    let (count, weight, sign, scale) = (words.next()?, words.next()?, words.next()?, words.next()?);
    if sign == NAN {
        return Some(Ok("NaN".to_owned()));
    }
    if INFINITE.contains(&sign) {
        return Some(Err("numeric infinity is not supported"));
    }
    let weight = i32::from(weight.cast_signed());
    if weight.abs() > FURTHEST || usize::from(count) > bytes.len() {
        return Some(Err("numeric out of range"));
    }
    let groups: Vec<u16> = words.take(usize::from(count)).collect();
    let group = |at: i32| usize::try_from(at).ok().and_then(|at| groups.get(at)).copied().unwrap_or(0);
    let whole: String = (0..=weight).map(|at| format!("{:04}", group(at))).collect();
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let scale = usize::from(scale);
    let places = i32::try_from(scale.div_ceil(BASE_DIGITS)).ok()?;
    // The group behind the point is the one after `weight`; where that lies below the first group,
    // the missing ones are zeros.
    let fraction: String = (1..=places).map(|place| format!("{:04}", group(weight + place))).collect();
    let fraction = fraction.get(..scale).unwrap_or(&fraction);
    let minus = if sign == 0 { "" } else { "-" };
    Some(Ok(if scale == 0 { format!("{minus}{whole}") } else { format!("{minus}{whole}.{fraction}") }))
}
