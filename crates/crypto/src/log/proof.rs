//! Checking proofs, with nothing but them: RFC 9162, sections 2.1.3.2 and 2.1.4.2. Written apart
//! from what makes them, so that one cannot repeat the other's mistake.

use super::{Hash, node_hash};
use crate::digest::sha256;

/// Whether `leaf` stands at `index` of the tree of `size` leaves whose root is `root`.
#[must_use]
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for step in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(step, &hash);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, step);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && hash == *root
}

/// Two states of a log, one of which claims to continue the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consistency<'a> {
    /// How many leaves there were, and their root.
    pub old: (u64, &'a Hash),
    /// How many there are, and their root.
    pub new: (u64, &'a Hash),
}

/// Whether the newer state begins with everything the older one held.
#[must_use]
pub fn verify_consistency(states: Consistency<'_>, proof: &[Hash]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (states.old, states.new);
    if old_size > new_size {
        return false;
    }
    if old_size == new_size {
        return proof.is_empty() && old_root == new_root;
    }
    if old_size == 0 {
        return proof.is_empty() && *old_root == sha256(b"");
    }
    // A full old tree is itself the first hash of the proof.
    let mut steps = proof.iter();
    let first = if old_size.is_power_of_two() { Some(old_root) } else { steps.next() };
    let Some(first) = first else { return false };
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    while at & 1 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let (mut old, mut new) = (*first, *first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            (old, new) = (node_hash(step, &old), node_hash(step, &new));
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            new = node_hash(&new, step);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && old == *old_root && new == *new_root
}
