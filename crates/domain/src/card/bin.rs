//! The table of BINs: which bank issued a card, of what kind, and how long its number is.
//!
//! A digit tree, so that one walk along the number finds the longest prefix without a hash, a
//! comparison of strings or an allocation.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use super::bin_csv::{self, BinTableError};
use super::{CardKind, CardNumber};

/// Where a row comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BinSource {
    /// The `bankcard` table (MIT).
    Caijf,
    /// The `bankcardinfo` table (ISC).
    Bankcardinfo,
    /// Both, and they agree.
    Both,
    /// Both, and they differ: the row holds the first, [`BinRow::other`] the second.
    Conflict,
    /// The operator's own table.
    Operator,
}

/// What the second source says where the two differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherReading {
    /// The bank's code.
    pub bank_code: Arc<str>,
    /// The kind of card.
    pub kind: CardKind,
    /// The length of the number.
    pub pan_length: u8,
}

/// One BIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinRow {
    /// The first digits of the card number, 2 to 10 of them.
    pub bin: Arc<str>,
    /// How many digits the whole number has.
    pub pan_length: u8,
    /// The kind of card.
    pub kind: CardKind,
    /// The bank's code, such as `ICBC`.
    pub bank_code: Arc<str>,
    /// The bank's name in Chinese.
    pub bank_name: Arc<str>,
    /// Where the row comes from.
    pub source: BinSource,
    /// What the second source says, where it differs.
    pub other: Option<OtherReading>,
}

impl BinRow {
    /// Whether a number of this length can be such a card, by either source.
    #[must_use]
    pub fn takes_length(&self, digits: usize) -> bool {
        usize::from(self.pan_length) == digits
            || self.other.as_ref().is_some_and(|other| usize::from(other.pan_length) == digits)
    }

    /// The lengths such a card can have: the shorter and the longer, mostly the same.
    #[must_use]
    pub fn lengths(&self) -> (usize, usize) {
        let own = usize::from(self.pan_length);
        let other = self.other.as_ref().map_or(own, |other| usize::from(other.pan_length));
        (own.min(other), own.max(other))
    }
}

/// The table of BINs.
#[derive(Debug, Clone)]
pub struct BinTable {
    rows: Vec<BinRow>,
    nodes: Vec<Node>,
    operator_row_count: usize,
}

/// One digit further on: the node of each next digit and the row that ends here, both by their
/// place plus one, so that zero is "none".
#[derive(Debug, Clone, Copy, Default)]
struct Node {
    next: [u32; 10],
    row: u32,
}

impl BinTable {
    /// The longest BIN.
    pub const BIN_DIGITS_MAX: usize = 10;

    /// The table that comes with the house.
    #[must_use]
    pub fn embedded() -> Arc<Self> {
        static TABLE: OnceLock<Arc<BinTable>> = OnceLock::new();
        let table = TABLE.get_or_init(|| Arc::new(Self::of_rows(bin_csv::embedded_rows())));
        Arc::clone(table)
    }

    /// The embedded table with the operator's own rows on top: a row for the same BIN replaces the
    /// embedded one. The CSV has a header with `bin,pan_length,kind,bank_code,bank_name`.
    ///
    /// # Errors
    /// Names the first row that cannot be read, and why. Whoever reloads keeps the old table then.
    pub fn with_operator_csv(text: &str) -> Result<Self, BinTableError> {
        let mut table = (*Self::embedded()).clone();
        for row in bin_csv::operator_rows(text)? {
            table.operator_row_count += 1;
            table.insert(row);
        }
        Ok(table)
    }

    /// The row of the longest BIN that the digits begin with.
    #[must_use]
    pub fn find(&self, digits: &str) -> Option<&BinRow> {
        let mut node = self.nodes.first()?;
        let mut found = 0;
        for byte in digits.bytes().take(Self::BIN_DIGITS_MAX) {
            let digit = usize::from(byte.wrapping_sub(b'0'));
            let Some(next) = node.next.get(digit).and_then(|place| self.node(*place)) else {
                break;
            };
            node = next;
            if node.row != 0 {
                found = node.row;
            }
        }
        self.row(found)
    }

    /// Whether further digits could still lead to another row: while somebody types, neither the
    /// issuer nor its absence is settled before.
    #[must_use]
    pub fn undecided(&self, digits: &str) -> bool {
        let Some(mut node) = self.nodes.first() else { return false };
        for byte in digits.bytes() {
            let digit = usize::from(byte.wrapping_sub(b'0'));
            let Some(next) = node.next.get(digit).and_then(|place| self.node(*place)) else {
                return false;
            };
            node = next;
        }
        node.next.iter().any(|place| *place != 0)
    }

    /// The row of a card.
    #[must_use]
    pub fn find_card(&self, card: &CardNumber) -> Option<&BinRow> {
        self.find(card.expose())
    }

    /// The name of the bank that has this code.
    #[must_use]
    pub fn bank_name(&self, bank_code: &str) -> Option<String> {
        let row = self.rows.iter().find(|row| *row.bank_code == *bank_code)?;
        Some(row.bank_name.to_string())
    }

    /// Every row.
    #[must_use]
    pub fn rows(&self) -> &[BinRow] {
        &self.rows
    }

    /// How many rows are the operator's own.
    #[must_use]
    pub fn operator_row_count(&self) -> usize {
        self.operator_row_count
    }

    fn of_rows(rows: Vec<BinRow>) -> Self {
        let mut table =
            Self { rows: Vec::new(), nodes: vec![Node::default()], operator_row_count: 0 };
        for row in rows {
            table.insert(row);
        }
        table
    }

    fn node(&self, place: u32) -> Option<&Node> {
        self.nodes.get(index(place)?)
    }

    fn row(&self, place: u32) -> Option<&BinRow> {
        self.rows.get(index(place)?)
    }

    fn insert(&mut self, row: BinRow) {
        let mut at = 0_usize;
        for byte in row.bin.bytes() {
            let fresh = u32::try_from(self.nodes.len() + 1).unwrap_or(0);
            let digit = usize::from(byte.wrapping_sub(b'0'));
            let Some(place) = self.nodes.get_mut(at).and_then(|node| node.next.get_mut(digit))
            else {
                return;
            };
            if *place == 0 {
                *place = fresh;
                self.nodes.push(Node::default());
                at = self.nodes.len() - 1;
            } else {
                at = index(*place).unwrap_or_default();
            }
        }
        let fresh = u32::try_from(self.rows.len() + 1).unwrap_or(0);
        let Some(node) = self.nodes.get_mut(at) else { return };
        match index(node.row).and_then(|place| self.rows.get_mut(place)) {
            Some(old) => *old = row,
            None => {
                node.row = fresh;
                self.rows.push(row);
            }
        }
    }
}

/// A place plus one, back to a place.
fn index(place: u32) -> Option<usize> {
    usize::try_from(place).ok()?.checked_sub(1)
}

#[cfg(test)]
mod tests;
