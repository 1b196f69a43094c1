//! How large a file may be, and how deep.

/// Keys and values of a file: several thousand KPIs with everything that can be said of them.
pub(crate) const NODES_MAX: usize = 100_000;

/// Texts of a file: as many as a file may have bytes.
pub(crate) const SCALAR_BYTES_MAX: usize = 4 << 20;

/// Our documents are some twenty deep; a formula of maps nests by hand.
pub(crate) const DEPTH_MAX: usize = 64;

/// What aliases stand for all together: a small anchor on each of thousands of KPIs, and no bomb.
pub(crate) const REPEATED_MAX: usize = 300_000;

/// A larger file is not a configuration.
pub(crate) const FILE_BYTES_MAX: u64 = 4 << 20;

/// Begins a key at the top of a file under which an author keeps anchors, and which is not read.
pub(crate) const KEPT_APART: &str = "x-";
