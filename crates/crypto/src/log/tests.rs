//! The tree, its tiles and its notes: published values, and every size against the definition.

use proptest::prelude::*;

use super::*;
use crate::digest::{hex, sha256};

/// The definition of RFC 6962, section 2.1, word for word.
fn defined(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(b""),
        [one] => *one,
        more => {
            let mut k = 1;
            while k * 2 < more.len() {
                k *= 2;
            }
            node_hash(&defined(&more[..k]), &defined(&more[k..]))
        }
    }
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

fn grown(leaves: &[Hash]) -> Growth {
    let mut growth = Growth::default();
    for leaf in leaves {
        growth.push(*leaf);
    }
    growth
}

fn size(leaves: &[Hash]) -> u64 {
    u64::try_from(leaves.len()).unwrap()
}

/// The eight leaves that certificate transparency's own implementations test with, and their roots.
#[test]
fn published_roots() {
    let inputs: [&[u8]; 8] = [
        b"",
        &[0x00],
        &[0x10],
        &[0x20, 0x21],
        &[0x30, 0x31],
        &[0x40, 0x41, 0x42, 0x43],
        &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        &[
            0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
            0x6e, 0x6f,
        ],
    ];
    let all: Vec<Hash> = inputs.iter().map(|input| leaf_hash(input)).collect();
    let root_of = |count: usize| {
        let growth = grown(&all[..count]);
        hex(&root(size(&all[..count]), &|level, index| growth.read(level, index)).unwrap())
    };
    assert_eq!(root_of(0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(root_of(1), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    assert_eq!(root_of(8), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
}

/// The example of C2SP signed-note, with its key.
#[test]
fn a_published_note_is_read_up_to_its_text() {
    let key =
        LogKey::parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
    let key = key.unwrap();
    let note = "This is an example message.\n\n\u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnag\
                v1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    // Signed, but no checkpoint.
    assert_eq!(key.open(note), Err(NoteError::Malformed));
    assert_eq!(key.open(&note.replace("example m", "example n")), Err(NoteError::WrongSignature));
    let other = LogSigner::new("example.com/foo", &[7; 32]).unwrap();
    assert_eq!(other.key().open(note), Err(NoteError::NotSigned));
}

#[test]
fn a_checkpoint_is_believed_only_as_it_was_signed() {
    let signer = LogSigner::new("mingka.example/evidence", &[1; 32]).unwrap();
    let root = leaf_hash(b"one");
    let note = signer.sign(1, &root);
    let key = LogKey::parse(&signer.key().to_string()).unwrap();
    let origin = "mingka.example/evidence".to_owned();
    assert_eq!(key.open(&note), Ok(Checkpoint { origin, size: 1, root }));
    for at in 0..note.len() {
        let mut changed = note.clone().into_bytes();
        changed[at] ^= 1;
        let Ok(changed) = String::from_utf8(changed) else { continue };
        assert!(key.open(&changed).is_err(), "byte {at} may be changed");
    }
    assert!(LogSigner::new("a name", &[1; 32]).is_none());
    assert_eq!(LogKey::parse("a+00000000+AA=="), Err(NoteError::NotAKey));
}

#[test]
fn every_small_tree_has_its_root_and_its_proofs() {
    let all = leaves(70);
    for count in 1..=all.len() {
        let (growth, n) = (grown(&all[..count]), size(&all[..count]));
        let read = |level, index| growth.read(level, index);
        let now = root(n, &read).unwrap();
        assert_eq!(now, defined(&all[..count]));
        for (index, leaf) in (0..n).zip(&all) {
            let proof = inclusion_proof(index, n, &read).unwrap();
            assert!(verify_inclusion(leaf, index, n, &proof, &now), "{index} of {n}");
            assert!(!verify_inclusion(leaf, index + 1, n, &proof, &now), "{index} of {n}, moved");
            let old = (index + 1, &defined(&all[..usize::try_from(index).unwrap() + 1]));
            let proof = consistency_proof(index + 1, n, &read).unwrap();
            assert!(verify_consistency(Consistency { old, new: (n, &now) }, &proof));
            let wrong = leaf_hash(b"wrong");
            let old = (index + 1, &wrong);
            assert!(!verify_consistency(Consistency { old, new: (n, &now) }, &proof));
        }
    }
}

#[test]
fn paths_are_those_of_the_specification() {
    let tile = |level, index| TileId { level, index };
    assert_eq!(tile(0, 1_234_067).path(256), "tile/0/x001/x234/067");
    assert_eq!(tile(1, 0).path(17), "tile/1/000.p/17");
    assert_eq!(tile(0, 1_000).bundle_path(256), "tile/entries/x001/000");
}

#[test]
fn a_bundle_comes_apart_as_it_was_put_together() {
    let entries = vec![b"one".to_vec(), Vec::new(), b"three".to_vec()];
    let bytes = bundle(&entries).unwrap();
    assert_eq!(split_bundle(&bytes).unwrap(), entries);
    assert_eq!(split_bundle(&bytes[..bytes.len() - 1]), None);
    assert_eq!(bundle(&[vec![0; 70_000]]), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Large trees, grown in two parts from stored edges, over three levels of tiles.
    #[test]
    fn a_tree_grows_from_its_edge(first in 1_u64..70_000, more in 0_u64..600, at in 0_u64..70_000) {
        let all = leaves(first + more);
        let (old, rest) = all.split_at(usize::try_from(first).unwrap());
        let before = grown(old);
        let mut growth = Growth::from_edge(before.edge);
        for leaf in rest {
            growth.push(*leaf);
        }
        let whole = grown(&all);
        let n = first + more;
        let read = |level, index| whole.read(level, index);
        let now = root(n, &|level, index| growth.read(level, index)).unwrap();
        prop_assert_eq!(now, root(n, &read).unwrap());
        let index = at % n;
        // Only the tiles that are said to be enough.
        let tiles = tiles_of_proof(index, n);
        let few = |level: u8, hash: u64| {
            tiles.contains(&TileId { level, index: hash / 256 }).then(|| read(level, hash))?
        };
        let proof = inclusion_proof(index, n, &few).unwrap();
        let leaf = all[usize::try_from(index).unwrap()];
        prop_assert!(verify_inclusion(&leaf, index, n, &proof, &now));
        prop_assert_eq!(root(n, &few).unwrap(), now);
        let mut bent = proof.clone();
        if let Some(step) = bent.first_mut() {
            step[0] ^= 1;
            prop_assert!(!verify_inclusion(&leaf, index, n, &bent, &now));
        }
        let then = root(first, &read).unwrap();
        let proof = consistency_proof(first, n, &read).unwrap();
        let states = Consistency { old: (first, &then), new: (n, &now) };
        prop_assert!(verify_consistency(states, &proof));
    }

    #[test]
    fn no_text_breaks_the_reader(text in "\\PC{0,200}") {
        let signer = LogSigner::new("a", &[1; 32]).unwrap();
        prop_assert!(signer.key().open(&text).is_err());
        let _ = LogKey::parse(&text);
    }
}
