//! Numbers of type `numeric`: 39 significant digits, printed without trailing zeros.

use std::cmp::Ordering;
use std::fmt;

use datafusion::arrow::datatypes::i256;

/// How many digits the server keeps.
const PRECISION: u32 = 39;

/// A decimal number: `coefficient / 10^scale`, without trailing zeros in the coefficient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    coefficient: i256,
    scale: i32,
}

fn ten(power: u32) -> Option<i256> {
    i256::from_i128(10).checked_pow(power)
}

fn digits_of(value: i256) -> u32 {
    let text = value.to_string();
    u32::try_from(text.trim_start_matches('-').len()).unwrap_or(u32::MAX)
}

impl Decimal {
    /// Zero.
    pub(super) const ZERO: Self = Self { coefficient: i256::ZERO, scale: 0 };

    /// A number in its one form; `None` where it has too many digits.
    fn reduced(mut coefficient: i256, mut scale: i32) -> Option<Self> {
        if coefficient == i256::ZERO {
            return Some(Self::ZERO);
        }
        let digits = digits_of(coefficient);
        if digits > PRECISION {
            let surplus = digits - PRECISION;
            coefficient = divide_rounded(coefficient, ten(surplus)?)?;
            scale -= i32::try_from(surplus).ok()?;
        }
        let base = i256::from_i128(10);
        while coefficient.checked_rem(base) == Some(i256::ZERO) {
            coefficient = coefficient.checked_div(base)?;
            scale -= 1;
        }
        Some(Self { coefficient, scale })
    }

    /// Reads a number; `None` where it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (text.get(..at)?, text.get(at + 1..)?.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0');
        if significant.len() > 70 {
            return None;
        }
        let mut coefficient =
            if significant.is_empty() { i256::ZERO } else { i256::from_string(significant)? };
        if negative {
            coefficient = coefficient.wrapping_neg();
        }
        Self::reduced(coefficient, i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?)
    }

    /// A whole number.
    pub(super) fn from_i128(value: i128) -> Self {
        Self::reduced(i256::from_i128(value), 0).unwrap_or(Self::ZERO)
    }

    /// The number nearest to a float by its shortest text; `None` for infinities and NaN.
    pub(super) fn from_f64(value: f64) -> Option<Self> {
        Self::parse(&format!("{value:e}"))
    }

    /// The nearest float.
    pub(super) fn to_f64(self) -> f64 {
        format!("{}e{}", self.coefficient, -self.scale).parse().unwrap_or(f64::NAN)
    }

    /// The whole number it rounds to.
    pub(super) fn to_i128(self) -> Option<i128> {
        let whole = self.round(0)?;
        let power = u32::try_from(-whole.scale).ok()?;
        whole.coefficient.checked_mul(ten(power)?)?.to_i128()
    }

    fn aligned(self, other: Self) -> Option<(i256, i256, i32)> {
        let scale = self.scale.max(other.scale);
        let up = |number: Self| {
            let by = u32::try_from(scale - number.scale).ok()?;
            number.coefficient.checked_mul(ten(by)?)
        };
        Some((up(self)?, up(other)?, scale))
    }

    /// `self + other`
    pub(super) fn add(self, other: Self) -> Option<Self> {
        let (left, right, scale) = self.aligned(other)?;
        Self::reduced(left.checked_add(right)?, scale)
    }

    /// `-self`
    pub(super) fn negate(self) -> Self {
        Self { coefficient: self.coefficient.wrapping_neg(), scale: self.scale }
    }

    /// `self - other`
    pub(super) fn subtract(self, other: Self) -> Option<Self> {
        self.add(other.negate())
    }

    /// `self * other`
    pub(super) fn multiply(self, other: Self) -> Option<Self> {
        Self::reduced(self.coefficient.checked_mul(other.coefficient)?, self.scale.checked_add(other.scale)?)
    }

    /// `self / other`; `None` where `other` is zero too.
    pub(super) fn divide(self, other: Self) -> Option<Self> {
        if other.is_zero() {
            return None;
        }
        let wanted = PRECISION + 1 + digits_of(other.coefficient);
        let shift =
            wanted.saturating_sub(digits_of(self.coefficient)).min(76 - digits_of(self.coefficient).min(76));
        let numerator = self.coefficient.checked_mul(ten(shift)?)?;
        let quotient = numerator.checked_div(other.coefficient)?;
        Self::reduced(quotient, self.scale - other.scale + i32::try_from(shift).ok()?)
    }

    /// `self % other`; `None` where `other` is zero too.
    pub(super) fn remainder(self, other: Self) -> Option<Self> {
        let (left, right, scale) = self.aligned(other)?;
        if right == i256::ZERO {
            return None;
        }
        Self::reduced(left.checked_rem(right)?, scale)
    }

    /// The root; `None` below zero.
    pub(super) fn sqrt(self) -> Option<Self> {
        if self.is_zero() {
            return Some(Self::ZERO);
        }
        if self.is_negative() {
            return None;
        }
        // As many digits under the root as fit, and an even number of places.
        let mut shift = i32::try_from(75_u32.saturating_sub(digits_of(self.coefficient))).ok()?;
        if (self.scale + shift) % 2 != 0 {
            shift -= 1;
        }
        let under = self.coefficient.checked_mul(ten(u32::try_from(shift).ok()?)?)?;
        let mut root = ten(38)?;
        // Each step halves the error at least; the bound is far above what is ever needed.
        for _ in 0..300 {
            let next = root.checked_add(under.checked_div(root)?)?.checked_div(i256::from_i128(2))?;
            if next >= root {
                break;
            }
            root = next;
        }
        // Three digits more from what is left over.
        let rest = under.checked_sub(root.checked_mul(root)?)?;
        let more = rest.checked_mul(ten(3)?)?.checked_div(root.checked_mul(i256::from_i128(2))?)?;
        let digits = root.checked_mul(ten(3)?)?.checked_add(more)?;
        Self::reduced(digits, (self.scale + shift) / 2 + 3)
    }

    /// Multiplied with itself; `None` for a power that is no small whole number.
    pub(super) fn power(self, by: Self) -> Option<Self> {
        let by = (by.scale <= 0).then(|| by.to_i128()).flatten()?;
        let times = u32::try_from(by.unsigned_abs()).ok().filter(|times| *times <= 1000)?;
        let mut result = Self::from_i128(1);
        for _ in 0..times {
            result = result.multiply(self)?;
        }
        if by < 0 { Self::from_i128(1).divide(result) } else { Some(result) }
    }

    /// Rounded to a number of places, half away from zero.
    pub(super) fn round(self, places: i32) -> Option<Self> {
        self.shortened(places, divide_rounded)
    }

    /// Cut off at a number of places.
    pub(super) fn truncate(self, places: i32) -> Option<Self> {
        self.shortened(places, i256::checked_div)
    }

    fn shortened(self, places: i32, divide: fn(i256, i256) -> Option<i256>) -> Option<Self> {
        let surplus = self.scale.saturating_sub(places);
        if surplus <= 0 {
            return Some(self);
        }
        let surplus = u32::try_from(surplus).ok()?;
        if surplus > 76 {
            return Some(Self::ZERO);
        }
        Self::reduced(divide(self.coefficient, ten(surplus)?)?, places)
    }

    /// The largest whole number that is not larger.
    pub(super) fn floor(self) -> Option<Self> {
        let cut = self.truncate(0)?;
        if self.is_negative() && cut != self { cut.subtract(Self::from_i128(1)) } else { Some(cut) }
    }

    /// The smallest whole number that is not smaller.
    pub(super) fn ceil(self) -> Option<Self> {
        self.negate().floor().map(Self::negate)
    }

    /// Whether it is zero.
    pub(super) fn is_zero(self) -> bool {
        self.coefficient == i256::ZERO
    }

    /// Whether it is below zero.
    pub(super) fn is_negative(self) -> bool {
        self.coefficient.is_negative()
    }

    /// How many digits stand before the point.
    pub(super) fn whole_digits(self) -> i32 {
        if self.is_zero() {
            return 0;
        }
        i32::try_from(digits_of(self.coefficient)).unwrap_or(i32::MAX) - self.scale
    }

    /// Its digits and where the point stands: `0.d1d2… * 10^exponent`.
    pub(super) fn parts(self) -> (bool, String, i32) {
        let text = self.coefficient.to_string();
        let digits = text.trim_start_matches('-').to_owned();
        (self.is_negative(), digits, self.whole_digits())
    }

    /// What [`Decimal::parts`] was made of.
    pub(super) fn from_parts(negative: bool, digits: &str, exponent: i32) -> Option<Self> {
        let coefficient = if digits.is_empty() { i256::ZERO } else { i256::from_string(digits)? };
        let coefficient = if negative { coefficient.wrapping_neg() } else { coefficient };
        Self::reduced(coefficient, i32::try_from(digits.len()).ok()? - exponent)
    }
}

/// Divides, rounding half away from zero.
fn divide_rounded(value: i256, by: i256) -> Option<i256> {
    let quotient = value.checked_div(by)?;
    let rest = value.checked_rem(by)?;
    let rest = if rest.is_negative() { rest.wrapping_neg() } else { rest };
    if rest.checked_mul(i256::from_i128(2))? < by {
        return Some(quotient);
    }
    let one = i256::from_i128(1);
    if value.is_negative() { quotient.checked_sub(one) } else { quotient.checked_add(one) }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match self.aligned(*other) {
            Some((left, right, _)) => left.cmp(&right),
            // Too far apart to be brought to one scale: the signs and the sizes decide.
            None => {
                let rank = |number: &Self| {
                    if number.is_zero() {
                        0
                    } else if number.is_negative() {
                        -1000 - number.whole_digits()
                    } else {
                        1000 + number.whole_digits()
                    }
                };
                rank(self).cmp(&rank(other))
            }
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.coefficient.to_string();
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", text.as_str()),
        };
        match usize::try_from(self.scale) {
            Ok(0) => write!(f, "{sign}{digits}"),
            Ok(scale) => {
                let padded = format!("{digits:0>width$}", width = scale + 1);
                let (whole, fraction) = padded.split_at(padded.len() - scale);
                write!(f, "{sign}{whole}.{fraction}")
            }
            Err(_) => {
                let zeros = usize::try_from(self.scale.unsigned_abs()).unwrap_or(0);
                write!(f, "{sign}{digits}{}", "0".repeat(zeros))
            }
        }
    }
}
