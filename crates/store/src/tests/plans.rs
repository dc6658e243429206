//! How SQLite goes about what is read all the time, whatever waits there: by an index that holds
//! nothing else, never through everything.

use crate::sqlite::open;
use crate::{event, step};

/// The steps of a plan, one a line.
fn plan(sql: &str, values: &[i64]) -> String {
    let connection = open::memory().unwrap();
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let values = rusqlite::params_from_iter(values);
    let steps = statement.query_map(values, |row| row.get::<_, String>(3)).unwrap();
    steps.map(|step| step.unwrap() + "\n").collect()
}

#[test]
fn what_waits_for_its_place_is_found_in_its_own_index_and_in_order() {
    let plan = plan(event::UNPLACED, &[500]);
    assert!(plan.contains("events USING INDEX events_unplaced"), "{plan}");
    assert!(
        plan.contains("earlier USING INDEX") && plan.contains("(subject=? AND seq<?)"),
        "{plan}"
    );
    assert!(!plan.contains("TEMP B-TREE"), "{plan}");
}

#[test]
fn the_next_step_is_looked_for_among_those_that_are_nearly_due() {
    let plan = plan(step::NEXT, &[0, 1]);
    assert!(plan.contains("steps USING INDEX steps_due (lane=? AND due_at<?)"), "{plan}");
}
