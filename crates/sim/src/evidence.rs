//! The evidence log at rest: every event stands in it once, in the one order, and the whole of it
//! holds for somebody who has only its public key.

use std::collections::BTreeMap;

use mingka_engine::{Engine, verify_export};

use crate::world::World;

/// Places and keeps what is left, and checks the log as a stranger would.
pub(crate) async fn holds(world: &World, engine: &Engine) {
    engine.tell_once().await;
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let exported = engine
        .export_evidence(&mut |path, bytes| {
            files.insert(path.to_owned(), bytes.to_vec());
            Ok(())
        })
        .await;
    let (Ok(size), Ok(key)) = (exported, engine.evidence_key()) else {
        world.violate("the evidence log cannot be exported".to_owned());
        return;
    };
    let placed = world.store().end_of_order().await.unwrap_or(-1);
    let unplaced = world.store().unplaced_events(1).await.unwrap_or_default();
    if i64::try_from(size) != Ok(placed) || !unplaced.is_empty() {
        world.violate(format!("{placed} events have a place and {size} stand in the evidence log"));
    }
    if size > 0 {
        let report = verify_export(&key, &|path| files.get(path).cloned(), &mut |_, _| {});
        for finding in report.found {
            world.violate(format!("the evidence log does not hold: {finding}"));
        }
    }
}
