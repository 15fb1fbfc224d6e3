//! What was saved of a store, and what was not.

use std::fmt;
use std::path::PathBuf;

use crate::store::CutReason;

/// What [`Store::repair`](crate::Store::repair) has kept, and what it had to leave out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repair {
    /// The position of the last event that was kept; all before it were.
    pub position: u64,
    /// The segments that they lie in.
    pub segments: u64,
    /// The segments whose headers were made anew: what was damaged of them is known from elsewhere.
    pub mended_headers: Vec<PathBuf>,
    /// What was left out, in the order of the log. Nothing if all was kept.
    pub lost: Vec<Lost>,
}

/// A piece of the log that could not be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lost {
    /// The file that has it, or should.
    pub path: PathBuf,
    /// From which file offset on.
    pub offset: u64,
    /// How many bytes it is, which lie in the directory `lost` of the new store: under the segment's name, with
    /// `.from-` and the offset behind it if the segment was kept up to there.
    pub bytes: u64,
    /// The position of its first event.
    pub first_position: u64,
    /// The position of its last event, if anything tells.
    pub last_position: Option<u64>,
    /// Why.
    pub loss: Loss,
}

/// Why a piece of the log could not be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Loss {
    /// It is damaged, or altered, where it begins or in the same batch: with this problem.
    Damaged(&'static str),
    /// It is the end of the log, and nothing proves that it ever was durable: opening would have cut it too.
    Unproven(CutReason),
    /// It is not there.
    Missing,
    /// It follows something that was lost. It may be whole.
    Behind,
    /// Its file is a whole segment, but of another store than most others are of, or another one than its name says.
    Stray,
}

impl Repair {
    pub(super) fn lose(
        &mut self,
        (path, offset, bytes): (PathBuf, u64, u64),
        (first_position, last_position): (u64, Option<u64>),
        loss: Loss,
    ) {
        self.lost.push(Lost {
            path,
            offset,
            bytes,
            first_position,
            last_position,
            loss,
        });
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "positions {} to ", self.first_position)?;
        match self.last_position {
            Some(last) => write!(f, "{last}")?,
            None => write!(f, "the end")?,
        }
        let path = self.path.display();
        write!(f, " ({path} from byte {}): {}", self.offset, self.loss)
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(problem) => f.write_str(problem),
            Self::Unproven(_) => f.write_str("nothing proves that it was durable"),
            Self::Missing => f.write_str("it is missing"),
            Self::Behind => f.write_str("it follows what is lost"),
            Self::Stray => f.write_str("the file is of another store or has another's name"),
        }
    }
}
