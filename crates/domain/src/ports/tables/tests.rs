//! Tests of what the port's adapters share.

use std::cmp::Ordering;

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn numbers_compare_exactly() {
    let cases = [
        (json!(1), json!(2), Ordering::Less),
        (json!(1), json!(1.0), Ordering::Equal),
        (json!(-1), json!(-1.5), Ordering::Greater),
        (json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992_u64), Ordering::Greater),
        (json!(u64::MAX), json!(i64::MIN), Ordering::Greater),
        (json!(0.5), json!(1), Ordering::Less),
        (json!(1e300), json!(u64::MAX), Ordering::Greater),
    ];
    for (left, right, order) in cases {
        assert_eq!(compare(&left, &right), Some(order), "{left} and {right}");
        assert_eq!(compare(&right, &left), Some(order.reverse()), "{right} and {left}");
    }
}

#[test]
fn texts_compare_by_bytes_and_nothing_with_another_type() {
    assert_eq!(compare(&json!("\u{ffff}"), &json!("\u{10000}")), Some(Ordering::Less));
    assert_eq!(compare(&json!("1"), &json!(1)), None);
    assert_eq!(compare(&json!(true), &json!(false)), None);
}

#[test]
fn integral_floats_become_integers() {
    assert_eq!(canonical(&json!([1.0, -0.0, 1.5, {"a": 1e16}])), json!([1, 0, 1.5, {"a": 10_000_000_000_000_000_u64}]));
}

#[test]
fn an_attribute_of_an_indexs_key_is_text() {
    let item = |due: Value| Item::from([("user_id".into(), json!("u")), ("item".into(), json!("i")), ("due_at".into(), due)]);
    assert!(check_item("tables.write", Table::Cart, &item(json!("now"))).is_ok());
    for bad in [json!(1), json!(null), json!(""), json!("x".repeat(1025))] {
        assert!(check_item("tables.write", Table::Cart, &item(bad)).is_err());
    }
}

proptest! {
    #[test]
    fn every_slot_is_in_exactly_one_segment(partition in ".{1,12}", segments in 1_u32..2000) {
        let slot = slot(&partition);
        let holders = (0..segments).filter(|segment| segment_slots(*segment, segments).contains(&slot)).count();
        prop_assert_eq!(holders, 1);
    }

    #[test]
    fn bounds_agree_with_the_range(sort in ".{1,4}", first in ".{1,3}", last in ".{1,3}") {
        for range in [Range::All, Range::Prefix(first.clone()), Range::Between(first.clone().min(last.clone()), first.max(last))] {
            let (start, end) = bounds(&range);
            let inside = sort.as_bytes() >= &start[..] && end.is_none_or(|end| sort.as_bytes() < &end[..]);
            prop_assert_eq!(inside, paging::within(&range, &sort));
        }
    }
}
