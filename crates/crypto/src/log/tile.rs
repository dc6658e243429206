//! Tiles: 256 hashes of one level each, how they grow, and where C2SP tlog-tiles puts them. Entries
//! stand in bundles of as many, each entry after its length.

use std::fmt;

use super::{Hash, node_hash};

/// How many hashes a full tile holds, and how many entries a full bundle.
pub const TILE_WIDTH: usize = 256;

/// Which tile: its level (0 are the leaves) and its number in that level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TileId {
    /// The level.
    pub level: u8,
    /// The number.
    pub index: u64,
}

impl TileId {
    /// Its path below the log, for a width of 1 to 256: `tile/0/x001/234`, `tile/1/000.p/17`.
    #[must_use]
    pub fn path(self, width: usize) -> String {
        format!("tile/{}/{}", self.level, Number(self.index, width))
    }

    /// The path of the entries below a tile of level 0: `tile/entries/000.p/17`.
    #[must_use]
    pub fn bundle_path(self, width: usize) -> String {
        format!("tile/entries/{}", Number(self.index, width))
    }
}

/// A tile and the hashes it holds so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// Which.
    pub id: TileId,
    /// Its hashes, from the left; never more than the width.
    pub hashes: Vec<Hash>,
}

impl Tile {
    /// The hashes one after the other, as the tile stands in a file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes.concat()
    }

    /// Reads a tile's bytes; `None` where they are no whole hashes, none, or too many.
    #[must_use]
    pub fn from_bytes(id: TileId, bytes: &[u8]) -> Option<Self> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        let fits = rest.is_empty() && !hashes.is_empty() && hashes.len() <= TILE_WIDTH;
        fits.then(|| Self { id, hashes: hashes.to_vec() })
    }

    /// The root of a full tile.
    #[must_use]
    pub fn root(&self) -> Option<Hash> {
        let mut row = self.hashes.clone();
        if row.len() != TILE_WIDTH {
            return None;
        }
        while row.len() > 1 {
            row =
                row.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
        }
        row.first().copied()
    }
}

/// A tree that grows at its right edge, tile by tile.
#[derive(Debug, Clone, Default)]
pub struct Growth {
    /// The newest tile of each level, from the leaves up; it may be full.
    pub(super) edge: Vec<Tile>,
    /// What else was touched since the growth began.
    done: Vec<Tile>,
}

impl Growth {
    /// Goes on from the newest tile of each level, in any order.
    #[must_use]
    pub fn from_edge(mut edge: Vec<Tile>) -> Self {
        edge.sort_by_key(|tile| tile.id);
        Self { edge, done: Vec::new() }
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: Hash) {
        self.push_at(0, leaf);
    }

    fn push_at(&mut self, level: usize, hash: Hash) {
        match self.edge.get_mut(level) {
            None => {
                let id = TileId { level: u8::try_from(level).unwrap_or(u8::MAX), index: 0 };
                self.edge.push(Tile { id, hashes: vec![hash] });
            }
            Some(tile) if tile.hashes.len() == TILE_WIDTH => {
                let id = TileId { index: tile.id.index.saturating_add(1), ..tile.id };
                let full = std::mem::replace(tile, Tile { id, hashes: vec![hash] });
                self.done.push(full);
            }
            Some(tile) => tile.hashes.push(hash),
        }
        let above = self.edge.get(level).and_then(Tile::root);
        if let Some(root) = above {
            self.push_at(level.saturating_add(1), root);
        }
    }

    /// Every tile that may have changed since the growth began.
    pub fn tiles(&self) -> impl Iterator<Item = &Tile> {
        self.done.iter().chain(&self.edge)
    }

    /// A hash of the grown tree, as far as its right edge holds it.
    #[must_use]
    pub fn read(&self, level: u8, index: u64) -> Option<Hash> {
        let width = u64::try_from(TILE_WIDTH).ok()?;
        let id = TileId { level, index: index / width };
        let tile = self.tiles().find(|tile| tile.id == id)?;
        tile.hashes.get(usize::try_from(index % width).ok()?).copied()
    }
}

/// Entries as they stand in a bundle. `None` for one of more than 65,535 bytes.
#[must_use]
pub fn bundle(entries: &[Vec<u8>]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for entry in entries {
        bytes.extend_from_slice(&u16::try_from(entry.len()).ok()?.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Some(bytes)
}

/// The entries of a bundle; `None` where it ends in the middle of one or holds too many.
#[must_use]
pub fn split_bundle(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<2>()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        bytes = rest;
    }
    (entries.len() <= TILE_WIDTH).then_some(entries)
}

/// A tile's number in a path: groups of three digits, all but the last with an x, and the width of
/// a partial one.
struct Number(u64, usize);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, width) = self;
        let mut groups = vec![number % 1_000];
        let mut rest = number / 1_000;
        while rest > 0 {
            groups.push(rest % 1_000);
            rest /= 1_000;
        }
        for (left, group) in groups.iter().enumerate().rev() {
            if left > 0 {
                write!(f, "x{group:03}/")?;
            } else {
                write!(f, "{group:03}")?;
            }
        }
        if *width < TILE_WIDTH { write!(f, ".p/{width}") } else { Ok(()) }
    }
}
