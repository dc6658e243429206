//! An append-only log that anybody can check: the Merkle tree of RFC 6962, its tiles as C2SP
//! tlog-tiles lays them out, and checkpoints as C2SP signed notes.
//!
//! Nothing here stores anything: hashes come in through a reader, tiles go out as bytes.

mod note;
mod proof;
mod tile;
mod tree;

pub use note::{Checkpoint, LogKey, LogSigner, NoteError};
pub use proof::{Consistency, verify_consistency, verify_inclusion};
pub use tile::{Growth, TILE_WIDTH, Tile, TileId, bundle, split_bundle};
pub use tree::{consistency_proof, inclusion_proof, leaf_hash, node_hash, root, tiles_of_proof};

/// A SHA-256 hash of a leaf or of a node.
pub type Hash = [u8; 32];

#[cfg(test)]
mod tests;
