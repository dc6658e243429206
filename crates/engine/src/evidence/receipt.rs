//! A receipt: what happened to one subject, each event with its proof that it stands in the log,
//! and the log's signed state. Checked with the log's public key and nothing else.

use mingka_crypto::log::{
    LogKey, Tile, inclusion_proof, leaf_hash, tiles_of_proof, verify_inclusion,
};
use mingka_crypto::{constant_time_eq, digest::hex};
use mingka_domain::effect::Subject;
use mingka_domain::id::PlatformId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::facts::{commitment, entry};
use crate::core::{Engine, internal};
use crate::error::EngineError;

/// The form of a receipt.
const FORMAT: &str = "mingka-receipt/1";
/// How many hashes of a level make a tile.
const WIDTH: u64 = 256;

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// `mingka-receipt/1`.
    pub format: String,
    /// What it is about.
    pub subject: String,
    /// The log's state, signed: C2SP signed note.
    pub checkpoint: String,
    /// The log's public key, to compare with the one that was published: never believe this one.
    pub key: String,
    /// Every event, in the order of the subject's log.
    pub entries: Vec<ReceiptEntry>,
}

/// One event of a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptEntry {
    /// Its index in the log, from 0.
    pub index: u64,
    /// What the commitment was made with, 64 hexadecimal digits.
    pub salt: String,
    /// What happened: one line of JSON, of which every byte is committed to.
    pub facts: String,
    /// The hashes that lead from the leaf to the root (RFC 6962), each 64 hexadecimal digits.
    pub proof: Vec<String>,
}

impl Engine {
    /// The receipt of a subject, with everything that has happened to it until now.
    ///
    /// # Errors
    /// `NotFound` when it is not there for this platform.
    pub async fn receipt(
        &self,
        platform: PlatformId,
        subject: Subject,
    ) -> Result<Receipt, EngineError> {
        while self.sequence().await? > 0 {}
        while self.append_evidence().await? > 0 {}
        let checkpoint = self.store().newest_checkpoint().await?.ok_or(EngineError::NotFound)?;
        let leaves = self.store().leaves_of(platform, subject, checkpoint.size).await?;
        if leaves.is_empty() {
            return Err(EngineError::NotFound);
        }
        let last = u32::try_from(leaves.len()).unwrap_or(u32::MAX);
        let events = self.store().events_of(platform, subject, 0, last).await?;
        let size = u64::try_from(checkpoint.size).unwrap_or(0);
        let mut tiles: Vec<Tile> = Vec::new();
        let mut entries = Vec::with_capacity(leaves.len());
        for (leaf, event) in leaves.iter().zip(&events) {
            let index = u64::try_from(leaf.position).unwrap_or(0).saturating_sub(1);
            for id in tiles_of_proof(index, size) {
                if !tiles.iter().any(|tile| tile.id == id) {
                    tiles.push(self.tile(id).await?);
                }
            }
            let read = |level: u8, number: u64| {
                let tile = tiles
                    .iter()
                    .find(|tile| tile.id.level == level && tile.id.index == number / WIDTH)?;
                tile.hashes.get(usize::try_from(number % WIDTH).ok()?).copied()
            };
            let proof = inclusion_proof(index, size, &read)
                .ok_or_else(|| internal("the evidence log lacks a hash", &index))?;
            entries.push(ReceiptEntry {
                index,
                salt: leaf.salt.map(|salt| hex(&salt)).unwrap_or_default(),
                facts: self.facts_of(event).await?,
                proof: proof.iter().map(|hash| hex(hash)).collect(),
            });
        }
        Ok(Receipt {
            format: FORMAT.to_owned(),
            subject: subject.to_string(),
            checkpoint: checkpoint.note,
            key: self.evidence_key()?.to_string(),
            entries,
        })
    }
}

/// Checks a receipt. Every finding is one sentence; none means that it holds.
#[must_use]
pub fn verify_receipt(receipt: &Receipt, key: &LogKey) -> Vec<String> {
    let mut found = Vec::new();
    if receipt.format != FORMAT {
        return vec![format!("the form {} is not known; this reads {FORMAT}", receipt.format)];
    }
    let checkpoint = match key.open(&receipt.checkpoint) {
        Ok(checkpoint) => checkpoint,
        Err(error) => return vec![error.to_string()],
    };
    if receipt.entries.is_empty() {
        found.push("the receipt holds no event".to_owned());
    }
    for (number, one) in (1_u64..).zip(&receipt.entries) {
        let Some(facts) = Facts::read(&one.facts) else {
            found.push(format!("entry {number}: the facts are no facts of an event"));
            continue;
        };
        if facts.subject != receipt.subject {
            found.push(format!("entry {number} is about {}", facts.subject));
        }
        if facts.number != number {
            let is = facts.number;
            found.push(format!(
                "entry {number} is event {is} of its log: one is missing or out of its place"
            ));
        }
        let leaf = leaf_of(&facts, one);
        let proof: Option<Vec<[u8; 32]>> = one.proof.iter().map(|hash| unhex(hash)).collect();
        let holds = leaf.zip(proof).is_some_and(|(leaf, proof)| {
            verify_inclusion(&leaf, one.index, checkpoint.size, &proof, &checkpoint.root)
        });
        if !holds {
            found.push(format!(
                "entry {number} ({}): what it says is not what stands in the log at {}",
                facts.event, one.index
            ));
        }
    }
    found
}

fn leaf_of(facts: &Facts, one: &ReceiptEntry) -> Option<[u8; 32]> {
    let commitment = commitment(&unhex(&one.salt)?, &one.facts);
    Some(leaf_hash(&entry(facts.event.parse().ok()?, &commitment)))
}

/// What every fact says of itself.
pub(super) struct Facts {
    pub(super) event: String,
    pub(super) subject: String,
    pub(super) number: u64,
}

impl Facts {
    pub(super) fn read(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        Some(Self {
            event: value.get("event")?.as_str()?.to_owned(),
            subject: value.get("subject")?.as_str()?.to_owned(),
            number: value.get("number")?.as_u64()?,
        })
    }
}

/// 32 bytes from 64 hexadecimal digits.
pub(super) fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    // Only as we write it: "+f" and capitals are other texts.
    constant_time_eq(hex(&bytes).as_bytes(), text.as_bytes()).then_some(bytes)
}
