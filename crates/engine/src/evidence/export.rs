//! The whole log as files, laid out as C2SP tlog-tiles lays them out, with the facts beside them;
//! and their check, which needs the public key and these files alone.

use std::collections::BTreeMap;

use mingka_crypto::digest::hex;
use mingka_crypto::log::{
    Growth, LogKey, TILE_WIDTH, Tile, TileId, bundle, leaf_hash, root, split_bundle,
};
use mingka_store::{EventRecord, LeafRecord};
use serde::{Deserialize, Serialize};

use super::facts::{commitment, entry, read_entry};
use super::receipt::{Facts, unhex};
use crate::core::{Engine, internal};
use crate::error::EngineError;

/// How many leaves stand in one file.
const WIDTH: u32 = 256;

/// Where an export goes: a path below its folder, and what stands there.
pub type EvidenceExport<'a> = &'a mut (dyn FnMut(&str, &[u8]) -> Result<(), String> + Send);

/// What a check of an export came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExportReport {
    /// How many leaves the signed checkpoint speaks of.
    pub size: u64,
    /// How many of them can be opened with the facts that are there.
    pub opened: u64,
    /// How many were erased: the log holds that something happened, not what.
    pub erased: u64,
    /// What does not hold, a sentence each.
    pub found: Vec<String>,
}

/// One line of a file of facts.
#[derive(Serialize, Deserialize)]
struct Line {
    index: u64,
    /// `null` once it was erased.
    salt: Option<String>,
    /// `null` when the event is not there any more.
    facts: Option<String>,
}

impl Engine {
    /// Writes the whole log, and says how many leaves it has.
    ///
    /// # Errors
    /// When something cannot be read, or written: then in the writer's words.
    pub async fn export_evidence(&self, out: EvidenceExport<'_>) -> Result<u64, String> {
        let said = |error: EngineError| format!("the evidence log cannot be read: {error}");
        let checkpoint = self.store().newest_checkpoint().await;
        let checkpoint = checkpoint.map_err(|error| error.to_string())?;
        let Some(checkpoint) = checkpoint else { return Ok(0) };
        let size = u64::try_from(checkpoint.size).unwrap_or(0);
        let mut index = 0_u64;
        while index < size {
            let id = TileId { level: 0, index: index / u64::from(WIDTH) };
            let leaves = self.leaves_of_bundle(index, size).await.map_err(said)?;
            let width = leaves.len();
            if width == 0 {
                return Err(format!("the leaf {index} of the evidence log is missing"));
            }
            let entries: Vec<Vec<u8>> =
                leaves.iter().map(|leaf| entry(leaf.event, &leaf.commitment)).collect();
            out(&id.bundle_path(width), &bundle(&entries).unwrap_or_default())?;
            let mut lines = String::new();
            let events = self.events_of_bundle(&leaves).await.map_err(said)?;
            for leaf in &leaves {
                let event = events.get(&leaf.position);
                lines.push_str(&self.line_of(leaf, event).await.map_err(said)?);
                lines.push('\n');
            }
            out(&facts_path(id.index), lines.as_bytes())?;
            index = index.saturating_add(u64::try_from(width).unwrap_or(0));
        }
        for (id, width) in tiles_of(size) {
            let mut tile = self.tile(id).await.map_err(said)?;
            // It may have grown since.
            tile.hashes.truncate(width);
            out(&id.path(tile.hashes.len()), &tile.to_bytes())?;
        }
        out("checkpoint", checkpoint.note.as_bytes())?;
        Ok(size)
    }

    async fn leaves_of_bundle(
        &self,
        index: u64,
        size: u64,
    ) -> Result<Vec<LeafRecord>, EngineError> {
        let count = u64::from(WIDTH).min(size - index);
        let after = i64::try_from(index).unwrap_or(i64::MAX);
        let limit = u32::try_from(count).unwrap_or(WIDTH);
        Ok(self.store().leaves_after(after, limit).await?)
    }

    /// The events of these leaves, by their place in the one order.
    async fn events_of_bundle(
        &self,
        leaves: &[LeafRecord],
    ) -> Result<BTreeMap<i64, EventRecord>, EngineError> {
        let after = leaves.first().map_or(0, |leaf| leaf.position.saturating_sub(1));
        let events = self.store().events_after(after, WIDTH).await?;
        Ok(events.into_iter().map(|placed| (placed.position, placed.event)).collect())
    }

    async fn line_of(
        &self,
        leaf: &LeafRecord,
        event: Option<&EventRecord>,
    ) -> Result<String, EngineError> {
        let facts = match event {
            Some(event) => Some(self.facts_of(event).await?),
            None => None,
        };
        let index = u64::try_from(leaf.position).unwrap_or(0).saturating_sub(1);
        let line = Line { index, salt: leaf.salt.map(|salt| hex(&salt)), facts };
        serde_json::to_string(&line).map_err(|error| internal("facts cannot be written", &error))
    }
}

/// Checks an export. `read` gives what stands at a path below its folder, `None` where nothing
/// does; `progress` is told how many leaves were looked at.
pub fn verify_export(
    key: &LogKey,
    read: &dyn Fn(&str) -> Option<Vec<u8>>,
    progress: &mut dyn FnMut(u64, u64),
) -> ExportReport {
    let mut report = ExportReport::default();
    let text = read("checkpoint").and_then(|bytes| String::from_utf8(bytes).ok());
    let checkpoint = match text.as_deref().map(|text| key.open(text)) {
        None => return report.with("there is no checkpoint"),
        Some(Err(error)) => return report.with(&error.to_string()),
        Some(Ok(checkpoint)) => checkpoint,
    };
    report.size = checkpoint.size;
    let (mut growth, mut logs) = (Growth::default(), BTreeMap::new());
    let mut index = 0_u64;
    while index < checkpoint.size {
        let width = (checkpoint.size - index).min(u64::from(WIDTH));
        let id = TileId { level: 0, index: index / u64::from(WIDTH) };
        let path = id.bundle_path(usize::try_from(width).unwrap_or(TILE_WIDTH));
        let bytes = read(&path).unwrap_or_default();
        let entries = split_bundle(&bytes).unwrap_or_default();
        if u64::try_from(entries.len()) != Ok(width) {
            return report.with(&format!("{path} is missing, cut or too long"));
        }
        let facts = read(&facts_path(id.index)).unwrap_or_default();
        let facts = String::from_utf8_lossy(&facts);
        let mut lines = facts.lines();
        for entry in entries {
            growth.push(leaf_hash(entry));
            report.look_at(index, entry, lines.next(), &mut logs);
            index = index.saturating_add(1);
        }
        progress(index, checkpoint.size);
    }
    for tile in growth.tiles() {
        report.compare(tile, read);
    }
    let computed = root(checkpoint.size, &|level, index| growth.read(level, index));
    if computed != Some(checkpoint.root) {
        report.found.push(
            "the entries do not make the tree that was signed: one was changed, removed, added or \
             moved"
                .to_owned(),
        );
    }
    report
}

impl ExportReport {
    fn with(mut self, finding: &str) -> Self {
        self.found.push(finding.to_owned());
        self
    }

    /// Whether the facts of a leaf are what it committed to, and in their turn.
    fn look_at(
        &mut self,
        index: u64,
        entry: &[u8],
        line: Option<&str>,
        logs: &mut BTreeMap<String, u64>,
    ) {
        let Some((event, committed)) = read_entry(entry) else {
            self.found.push(format!("leaf {index} is no entry of ours"));
            return;
        };
        let line: Option<Line> = line.and_then(|line| serde_json::from_str(line).ok());
        let Some(line) = line.filter(|line| line.index == index) else {
            self.found.push(format!("leaf {index} ({event}): its line of facts is missing"));
            return;
        };
        let (salt, facts) = match (line.salt, line.facts) {
            (None, _) => {
                self.erased = self.erased.saturating_add(1);
                return;
            }
            (Some(_), None) => {
                self.found.push(format!("leaf {index} ({event}): the event was removed"));
                return;
            }
            (Some(salt), Some(facts)) => (salt, facts),
        };
        let fits = unhex(&salt).is_some_and(|salt| hex(&commitment(&salt, &facts)) == committed);
        let said = Facts::read(&facts).filter(|said| fits && said.event == event);
        let Some(said) = said else {
            self.found.push(format!(
                "leaf {index} ({event}): what is told now is not what was committed to"
            ));
            return;
        };
        self.opened = self.opened.saturating_add(1);
        let before = logs.insert(said.subject.clone(), said.number);
        if before.unwrap_or(0).saturating_add(1) != said.number {
            self.found.push(format!(
                "leaf {index} ({event}): event {} of {} is out of its turn",
                said.number, said.subject
            ));
        }
    }

    /// Whether a stored tile is the one that the entries make.
    fn compare(&mut self, tile: &Tile, read: &dyn Fn(&str) -> Option<Vec<u8>>) {
        let path = tile.id.path(tile.hashes.len());
        match read(&path) {
            None => self.found.push(format!("{path} is missing")),
            Some(bytes) if bytes == tile.to_bytes() => {}
            Some(_) => self.found.push(format!("{path} does not fit the entries below it")),
        }
    }
}

/// Where the facts of a bundle stand.
fn facts_path(index: u64) -> String {
    format!("facts/{index:09}.jsonl")
}

/// Every tile of a tree of so many leaves, with its width.
fn tiles_of(size: u64) -> Vec<(TileId, usize)> {
    let (mut tiles, mut count, mut level) = (Vec::new(), size, 0_u8);
    let width = u64::from(WIDTH);
    while count > 0 {
        for index in 0..count.div_ceil(width) {
            let hashes = (count - index.saturating_mul(width)).min(width);
            tiles.push((TileId { level, index }, usize::try_from(hashes).unwrap_or(TILE_WIDTH)));
        }
        (count, level) = (count / width, level.saturating_add(1));
    }
    tiles
}
