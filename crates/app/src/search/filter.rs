//! Filters as facets make them: `field=value`, repeatable; values of one field are alternatives, fields add up.

use std::collections::BTreeMap;

use domain::{
    Invalid,
    governance::TagRule,
    search::{QueryNode, TermField, tag_term},
    text::{SHOWN_OF_A_WORD, shown},
};
use unicode_normalization::UnicodeNormalization;

/// The most filters of one search.
pub const FILTERS: usize = 64;

/// Reads filters. Fields are `owner`, `group`, `format`, `year` and governed tags by their names.
///
/// # Errors
/// What is wrong, without subject; it names the filter.
pub fn parse_filters<S: AsRef<str>>(filters: &[S], rules: &[TagRule]) -> Result<QueryNode, Invalid> {
    if filters.len() > FILTERS {
        return Err(Invalid::new(format!("are {} filters; at most {FILTERS} are allowed", filters.len())));
    }
    let mut by_field: BTreeMap<String, Vec<QueryNode>> = BTreeMap::new();
    for filter in filters {
        let (field, node) = parse_filter(filter.as_ref(), rules)?;
        by_field.entry(field).or_default().push(node);
    }
    let mut fields: Vec<QueryNode> = by_field.into_values().map(|values| join(values, QueryNode::Or)).collect();
    if fields.is_empty() {
        fields.push(QueryNode::Everything);
    }
    Ok(join(fields, QueryNode::And))
}

fn parse_filter(filter: &str, rules: &[TagRule]) -> Result<(String, QueryNode), Invalid> {
    let filter: String = filter.nfc().collect();
    // A tag's name may contain `=`, so the rules go first: the longest name that fits.
    let governed = rules
        .iter()
        .filter_map(|rule| Some((rule, filter.strip_prefix(rule.tag.as_str())?.strip_prefix('=')?)))
        .max_by_key(|(rule, _)| rule.tag.len());
    let Some((field, value)) = filter.split_once('=') else {
        return Err(Invalid::new(format!(
            "has no \u{201c}=\u{201d} in \u{201c}{}\u{201d}; a filter is field=value",
            shown(&filter, SHOWN_OF_A_WORD)
        )));
    };
    let node = match (field, governed) {
        ("owner", _) => QueryNode::Term(TermField::Owner, value.to_owned()),
        ("group", _) => QueryNode::Term(TermField::Group, value.to_owned()),
        ("format", _) => QueryNode::Term(TermField::Format, value.to_lowercase()),
        (_, Some((rule, value))) => {
            return Ok((rule.tag.clone(), QueryNode::Term(TermField::Tag, tag_term(&rule.tag, value.trim()))));
        }
        ("year", None) => QueryNode::Term(TermField::Year, value.to_owned()),
        _ => return Err(Invalid::new(format!("names \u{201c}{}\u{201d}, which is no field to filter by", shown(field, SHOWN_OF_A_WORD)))),
    };
    Ok((field.to_owned(), node))
}

fn join(mut nodes: Vec<QueryNode>, join: fn(Vec<QueryNode>) -> QueryNode) -> QueryNode {
    match nodes.len() {
        1 => nodes.remove(0),
        _ => join(nodes),
    }
}

#[cfg(test)]
mod tests {
    use domain::governance::TagType;

    use super::*;

    fn rules() -> Vec<TagRule> {
        let rule = |tag: &str| TagRule {
            id: tag.to_owned(),
            tag: tag.to_owned(),
            required: false,
            tag_type: TagType::Enum { values: vec!["open".to_owned()] },
            limits: domain::governance::Limits::default(),
            description: String::new(),
        };
        vec![rule("level"), rule("a"), rule("a=b")]
    }

    fn term(field: TermField, text: &str) -> QueryNode {
        QueryNode::Term(field, text.to_owned())
    }

    #[test]
    fn values_of_a_field_are_alternatives_and_fields_add_up() {
        assert_eq!(
            parse_filters(&["format=CSV", "level=open", "format=json"], &rules()),
            Ok(QueryNode::And(vec![
                QueryNode::Or(vec![term(TermField::Format, "csv"), term(TermField::Format, "json")]),
                term(TermField::Tag, "level=open"),
            ]))
        );
        assert_eq!(parse_filters::<&str>(&[], &rules()), Ok(QueryNode::Everything));
        assert_eq!(parse_filters(&["year=2020"], &rules()), Ok(term(TermField::Year, "2020")));
    }

    #[test]
    fn a_tag_whose_name_has_an_equals_sign_is_told_from_a_value_that_has_one() {
        assert_eq!(parse_filters(&["a=b=c"], &rules()), Ok(term(TermField::Tag, "a\\=b=c")));
        assert_eq!(parse_filters(&["a=c=b"], &rules()), Ok(term(TermField::Tag, "a=c=b")));
    }

    #[test]
    fn an_unknown_field_or_a_filter_without_value_is_refused() {
        assert!(parse_filters(&["colour=red"], &rules()).is_err());
        assert!(parse_filters(&["format"], &rules()).is_err());
        assert!(parse_filters(&vec!["format=csv"; FILTERS + 1], &rules()).is_err());
    }
}
