//! Roots and proofs over the tree of RFC 6962 (sections 2.1, 2.1.1 and 2.1.2), from hashes that a
//! reader finds in tiles.

use super::{Hash, TileId};
use crate::digest::sha256;

/// How many levels of the tree one tile spans: 2 to this is its width.
const TILE_HEIGHT: u32 = 8;

/// The hash of a leaf.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut bytes = Vec::with_capacity(entry.len().saturating_add(1));
    bytes.push(0);
    bytes.extend_from_slice(entry);
    sha256(&bytes)
}

/// The hash of a node above two others.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [0; 65];
    let (first, rest) = bytes.split_at_mut(1);
    first.copy_from_slice(&[1]);
    let (one, two) = rest.split_at_mut(32);
    one.copy_from_slice(left);
    two.copy_from_slice(right);
    sha256(&bytes)
}

/// The root of the first `size` leaves. `read` gives the hash number `index` of a tile level: level
/// 0 are leaves, each level above the roots of full tiles below. `None` when a hash is missing.
#[must_use]
pub fn root(size: u64, read: &dyn Fn(u8, u64) -> Option<Hash>) -> Option<Hash> {
    if size == 0 {
        return Some(sha256(b""));
    }
    range(0, size, read)
}

/// The proof that leaf `index` is among the first `size` leaves, nearest hash first.
#[must_use]
pub fn inclusion_proof(
    index: u64,
    size: u64,
    read: &dyn Fn(u8, u64) -> Option<Hash>,
) -> Option<Vec<Hash>> {
    if index >= size {
        return None;
    }
    let (mut from, mut to) = (0, size);
    let mut proof = Vec::new();
    while to - from > 1 {
        let middle = from.checked_add(split(to - from))?;
        if index < middle {
            proof.push(range(middle, to, read)?);
            to = middle;
        } else {
            proof.push(range(from, middle, read)?);
            from = middle;
        }
    }
    proof.reverse();
    Some(proof)
}

/// The proof that the first `old` leaves are the beginning of the first `size`.
#[must_use]
pub fn consistency_proof(
    old: u64,
    size: u64,
    read: &dyn Fn(u8, u64) -> Option<Hash>,
) -> Option<Vec<Hash>> {
    if old == 0 || old > size {
        return None;
    }
    let (mut from, mut to, mut whole) = (0, size, true);
    let mut proof = Vec::new();
    loop {
        if to == old {
            if !whole {
                proof.push(range(from, to, read)?);
            }
            proof.reverse();
            return Some(proof);
        }
        let middle = from.checked_add(split(to - from))?;
        if old <= middle {
            proof.push(range(middle, to, read)?);
            to = middle;
        } else {
            proof.push(range(from, middle, read)?);
            (from, whole) = (middle, false);
        }
    }
}

/// Which tiles hold every hash that a proof about `index` in a tree of `size` leaves needs, and the
/// root as well: those above the leaf, and the right edge.
#[must_use]
pub fn tiles_of_proof(index: u64, size: u64) -> Vec<TileId> {
    let mut tiles = Vec::new();
    let (mut of_leaf, mut of_edge, mut level) = (index, size, 0_u8);
    while of_edge > 0 {
        for number in [of_leaf, of_edge] {
            let tile = TileId { level, index: number >> TILE_HEIGHT };
            // An edge that is just full has no tile to its right yet.
            let exists = tile.index << TILE_HEIGHT < of_edge;
            if exists && !tiles.contains(&tile) {
                tiles.push(tile);
            }
        }
        (of_leaf, of_edge, level) =
            (of_leaf >> TILE_HEIGHT, of_edge >> TILE_HEIGHT, level.saturating_add(1));
    }
    tiles
}

/// The hash over leaves `from` to `to`, read as high up as it stands somewhere.
fn range(from: u64, to: u64, read: &dyn Fn(u8, u64) -> Option<Hash>) -> Option<Hash> {
    let count = to.checked_sub(from)?;
    let zeros = count.trailing_zeros();
    let stands = count.is_power_of_two() && zeros.is_multiple_of(TILE_HEIGHT);
    if stands && from.is_multiple_of(count) {
        return read(u8::try_from(zeros / TILE_HEIGHT).ok()?, from >> zeros);
    }
    let middle = from.checked_add(split(count))?;
    Some(node_hash(&range(from, middle, read)?, &range(middle, to, read)?))
}

/// The largest power of two below `count`, for a count above one.
const fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}
