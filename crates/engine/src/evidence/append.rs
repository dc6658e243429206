//! The log grows: what has a place in the one order and no leaf yet gets one, many in one unit,
//! together with the tiles they change and a signed checkpoint.

use mingka_crypto::log::{Growth, LogKey, LogSigner, Tile, TileId, leaf_hash, root};
use mingka_store::{CheckpointRecord, CommitError, LeafRecord, TileRecord, Unit};

use super::facts::{commitment, entry};
use crate::core::{Engine, internal};
use crate::error::EngineError;

/// How many leaves one unit appends: few enough that a payment that comes behind it waits for about
/// a millisecond.
const APPENDED_MAX: u32 = 100;
/// Two to this is how many hashes of a level make one hash of the level above.
const TILE_HEIGHT: u32 = 8;

impl Engine {
    /// Appends what has a place and no leaf yet, and says how many those were. Several processes
    /// may do this at once: the end of the log is moved by one of them at a time.
    ///
    /// # Errors
    /// When the store is away, or its tiles do not make a tree.
    pub async fn append_evidence(&self) -> Result<usize, EngineError> {
        let from = self.store().evidence_size().await?;
        let events = self.store().events_after(from, APPENDED_MAX).await?;
        let Some(last) = events.last() else { return Ok(0) };
        let spoken = self.spoken_between(from, last.position).await?;
        let now = self.now();
        let mut growth = Growth::from_edge(self.edge(from).await?);
        let mut writes = Vec::with_capacity(events.len().saturating_add(4));
        let mut size = from;
        for placed in &events {
            size = size.saturating_add(1);
            if placed.position != size {
                return Err(internal("the one order of events has a gap", &placed.position));
            }
            let salt: [u8; 32] = self.random();
            let commitment = commitment(&salt, &self.facts_among(&placed.event, &spoken).await?);
            let event = placed.event.id();
            growth.push(leaf_hash(&entry(event, &commitment)));
            let leaf = LeafRecord { position: size, event, salt: Some(salt), commitment };
            writes.push(leaf.insert());
        }
        for tile in growth.tiles() {
            let record = TileRecord {
                level: i64::from(tile.id.level),
                number: i64::try_from(tile.id.index).unwrap_or(i64::MAX),
                hashes: tile.to_bytes(),
            };
            writes.push(record.write());
        }
        let leaves = u64::try_from(size).unwrap_or(0);
        let root = root(leaves, &|level, index| growth.read(level, index))
            .ok_or_else(|| internal("the evidence log's edge is incomplete", &size))?;
        let note = self.log_signer()?.sign(leaves, &root);
        writes.push(CheckpointRecord { size, note, at: now }.insert());
        let unit = Unit::new(LeafRecord::move_end(from, size)).writes(writes).behind();
        match self.store().commit(unit).await {
            Ok(_) => Ok(events.len()),
            // Another process was quicker.
            Err(CommitError::Stale { .. }) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// The public key of the evidence log: whoever has it needs nothing else of us.
    ///
    /// # Errors
    /// When the configured name is none a log can have.
    pub fn evidence_key(&self) -> Result<LogKey, EngineError> {
        Ok(self.log_signer()?.key().clone())
    }

    pub(super) fn log_signer(&self) -> Result<LogSigner, EngineError> {
        let name = &self.settings().evidence_name;
        let signer = self.parts().keyring.log_signer(name);
        signer.ok_or_else(|| internal("the evidence log cannot have this name", name))
    }

    /// The newest tile of each level of a tree of so many leaves.
    async fn edge(&self, size: i64) -> Result<Vec<Tile>, EngineError> {
        let mut edge = Vec::new();
        let (mut count, mut level) = (u64::try_from(size).unwrap_or(0), 0_u8);
        while count > 0 {
            let id = TileId { level, index: (count - 1) >> TILE_HEIGHT };
            edge.push(self.tile(id).await?);
            (count, level) = (count >> TILE_HEIGHT, level.saturating_add(1));
        }
        Ok(edge)
    }

    /// A tile as it is stored.
    pub(super) async fn tile(&self, id: TileId) -> Result<Tile, EngineError> {
        let number = i64::try_from(id.index).unwrap_or(i64::MAX);
        let bytes = self.store().evidence_tile(i64::from(id.level), number).await?;
        let tile = bytes.and_then(|bytes| Tile::from_bytes(id, &bytes));
        tile.ok_or_else(|| internal("a tile of the evidence log is missing or damaged", &number))
    }
}
