//! What Logs Insights is asked.

use domain::ports::AuditQuery;

/// The question, for what was logged from `since` (in milliseconds) on.
///
/// Nothing that people entered gets into it but values of plain characters, of which none can end a text or begin
/// another command. What is left out the adapter looks at itself: it judges every row again.
pub(super) fn question(query: &AuditQuery, since: i64) -> String {
    let mut commands = vec!["fields @timestamp, @message".to_owned(), format!("filter toMillis(@timestamp) >= {since}")];
    let fields = [("actor.user_id", &query.actor), ("action", &query.action), ("resource", &query.resource), ("outcome", &query.outcome)];
    for (field, value) in fields {
        if let Some(value) = value.as_deref().filter(|value| is_plain(value)) {
            commands.push(format!("filter {field} = \"{value}\""));
        }
    }
    commands.push("sort @timestamp asc".to_owned());
    commands.join(" | ")
}

fn is_plain(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/@#".contains(&byte))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use testkit::audit_log::sealed;

    use super::*;

    fn query(resource: &str) -> AuditQuery {
        AuditQuery { resource: Some(resource.to_owned()), ..AuditQuery::default() }
    }

    #[test]
    fn plain_values_are_asked_for() {
        let expected = "fields @timestamp, @message | filter toMillis(@timestamp) >= 5 | filter resource = \"pkg_1\" | sort @timestamp asc";
        assert_eq!(question(&query("pkg_1"), 5), expected);
    }

    #[test]
    fn nothing_that_could_be_more_than_a_value_is() {
        for value in ["", "\"", "\\", "a' or 'a", "a\" | limit 1", "|", "\n", "é", "`", "$x", "a b"] {
            assert_eq!(question(&query(value), 0), question(&AuditQuery::default(), 0), "{value}");
        }
    }

    #[test]
    fn every_field_is_where_a_record_has_it() {
        let all = Some("x".to_owned());
        let query = AuditQuery { actor: all.clone(), action: all.clone(), resource: all.clone(), outcome: all, ..AuditQuery::default() };
        let record = &sealed(1, 1)[0];
        let line = serde_json::to_value(record).expect("JSON");
        let found: Vec<(String, Value)> = question(&query, 0)
            .split(" | ")
            .filter_map(|command| command.strip_prefix("filter ")?.strip_suffix(" = \"x\""))
            .map(|field| (field.to_owned(), line.pointer(&format!("/{}", field.replace('.', "/"))).expect(field).clone()))
            .collect();
        let user_id = record.record.actor.user_id.as_ref().expect("a user").as_str();
        let expected = [
            ("actor.user_id", user_id),
            ("action", record.record.action.name()),
            ("resource", &record.record.resource),
            ("outcome", record.record.outcome.name()),
        ];
        assert_eq!(found, expected.map(|(field, value)| (field.to_owned(), Value::from(value))));
    }
}
