//! A file of records, each with checksums: read whole, appended to, cut at a torn end.
//!
//! A record is a header of twelve bytes (length of the payload, checksum of the payload, checksum
//! of these eight bytes, little-endian) and the payload, which does not end in a zero byte. A header of its
//! own checksum tells a torn end from a damaged middle: what follows a damaged header cannot be
//! found, and is never taken for nothing. Start reading at [`Log::open`].

use std::fs::File;
use std::fs::OpenOptions;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;
use std::path::Path;

/// What the file begins with, before the number of its format.
const MAGIC: &str = "mzflow sandbox log ";

/// The format that is written. What the older ones hold can be read as it is: each only adds to the one
/// before it. A log of theirs is written anew when it is opened, so that an older version that comes
/// across it says what is wrong instead of losing what it does not know.
pub(crate) const FORMAT: u32 = 2;

/// Length of a record's header.
const HEADER: usize = 12;

/// A record as it was read.
#[derive(Debug)]
pub(crate) struct Record {
    /// Where it begins.
    pub(crate) at: usize,
    /// What it holds.
    pub(crate) payload: Vec<u8>,
}

/// A log that can be appended to.
#[derive(Debug)]
pub(crate) struct Log {
    file: File,
    /// Up to here everything is whole.
    end: u64,
    /// Why nothing more can be written, once that is so.
    broken: Option<String>,
}

impl Log {
    /// Opens a log, or makes one; a torn end is cut off. Tells its format too.
    ///
    /// # Errors
    /// When it is no log, of a later format, or damaged elsewhere than at its end: names the byte.
    pub(crate) fn open(path: &Path) -> Result<(Self, Vec<Record>, u32), String> {
        let told = |error: std::io::Error| format!("{}: {error}", path.display());
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(path).map_err(told)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(told)?;
        if bytes.len() < head().len() && head().as_bytes().starts_with(&bytes) {
            let log = Self::begin(file).and_then(|log| sync_folder(path).map(|()| log));
            return log.map(|log| (log, Vec::new(), FORMAT)).map_err(told);
        }
        let Some((format, first)) = format(&bytes) else {
            return Err(format!("{} is no log of a sandbox (byte 0)", path.display()));
        };
        if format > FORMAT {
            return Err(format!(
                "{} was written by a later version of mzflow: its format is {format} (byte {}), and this one \
                 reads formats up to {FORMAT}; use the later version, or another folder",
                path.display(),
                MAGIC.len()
            ));
        }
        let (records, end) = read(&bytes, first).map_err(|at| {
            format!("{} is damaged at byte {at}; what follows cannot be trusted", path.display())
        })?;
        if end < bytes.len() {
            tracing::warn!(end, "the end of {} was torn and is cut", path.display());
        }
        let end = u64::try_from(end).unwrap_or(u64::MAX);
        file.set_len(end).map_err(told)?;
        file.seek(SeekFrom::Start(end)).map_err(told)?;
        Ok((Self { file, end, broken: None }, records, format))
    }

    fn begin(mut file: File) -> std::io::Result<Self> {
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        let head = head();
        file.write_all(head.as_bytes())?;
        file.sync_all()?;
        Ok(Self { file, end: u64::try_from(head.len()).unwrap_or_default(), broken: None })
    }

    /// Puts a log of one record in the place of the log at a path.
    ///
    /// # Errors
    /// When it cannot be written; the old one is still there then.
    pub(crate) fn rewrite(path: &Path, payload: &[u8]) -> Result<Self, String> {
        let told = |error: std::io::Error| format!("{}: {error}", path.display());
        let fresh = path.with_extension("new");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&fresh)
            .map_err(told)?;
        let mut log = Self::begin(file).map_err(told)?;
        log.append(payload)?;
        std::fs::rename(&fresh, path).map_err(told)?;
        sync_folder(path).map_err(told)?;
        Ok(log)
    }

    /// How many bytes it has.
    pub(crate) fn size(&self) -> u64 {
        self.end
    }

    /// Adds a record; it is on disk when this returns.
    ///
    /// # Errors
    /// When it could not be written. Where not even its beginning could be taken back, every
    /// further record is refused.
    pub(crate) fn append(&mut self, payload: &[u8]) -> Result<(), String> {
        if let Some(why) = &self.broken {
            return Err(why.clone());
        }
        let length =
            u32::try_from(payload.len()).map_err(|_| "a commit is too large for the log".to_owned())?;
        let mut record = Vec::with_capacity(HEADER + payload.len());
        record.extend(length.to_le_bytes());
        record.extend(crc32fast::hash(payload).to_le_bytes());
        record.extend(crc32fast::hash(&record).to_le_bytes());
        record.extend(payload);
        let written = self.file.write_all(&record).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            let back = self.file.set_len(self.end).and_then(|()| self.file.seek(SeekFrom::Start(self.end)));
            if let Err(worse) = back {
                self.broken = Some(format!("the log is unusable: {error}, then {worse}"));
            }
            return Err(format!("the log cannot be written: {error}"));
        }
        self.end = self.end.saturating_add(u64::try_from(record.len()).unwrap_or_default());
        Ok(())
    }
}

/// The first line of a log of today's.
fn head() -> String {
    format!("{MAGIC}{FORMAT}\n")
}

/// The format of a log, and where its records begin.
fn format(bytes: &[u8]) -> Option<(u32, usize)> {
    let rest = bytes.strip_prefix(MAGIC.as_bytes())?;
    let end = rest.iter().take(11).position(|byte| *byte == b'\n')?;
    let digits = std::str::from_utf8(rest.get(..end)?).ok()?;
    let format = digits.parse().ok().filter(|format| *format > 0 && !digits.starts_with(['0', '+']))?;
    Some((format, MAGIC.len() + end + 1))
}

/// Brings to disk that a file is in its folder.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    // Not every system lets a folder be opened; the file is there all the same.
    match path.parent().map(File::open) {
        Some(Ok(folder)) => folder.sync_all(),
        _ => Ok(()),
    }
}

/// Reads all records, the first of which is at that byte, and tells where the last whole one ends.
///
/// # Errors
/// The byte at which it is damaged.
fn read(bytes: &[u8], first: usize) -> Result<(Vec<Record>, usize), usize> {
    let mut records = Vec::new();
    let mut at = first;
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some((header, body)) = rest.split_at_checked(HEADER) else { return Ok((records, at)) };
        let [length, sum, own] = words(header);
        let signed = header.get(..8).unwrap_or_default();
        if crc32fast::hash(signed) != own {
            // A file that grew before its contents arrived ends in zeros.
            return if rest.iter().all(|byte| *byte == 0) { Ok((records, at)) } else { Err(at) };
        }
        let length = usize::try_from(length).map_err(|_| at)?;
        let Some((payload, after)) = body.split_at_checked(length) else { return Ok((records, at)) };
        if crc32fast::hash(payload) != sum {
            let torn = after.iter().all(|byte| *byte == 0) && payload.last() == Some(&0);
            return if torn { Ok((records, at)) } else { Err(at) };
        }
        records.push(Record { at, payload: payload.to_vec() });
        at += HEADER + length;
    }
    Ok((records, at))
}

/// The three numbers of a header.
fn words(header: &[u8]) -> [u32; 3] {
    let mut words = [0; 3];
    for (word, bytes) in words.iter_mut().zip(header.chunks_exact(4)) {
        *word = bytes.iter().rev().fold(0, |word: u32, byte| word << 8 | u32::from(*byte));
    }
    words
}
