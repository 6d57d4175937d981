//! Who asks: each sees another part of the corpus.

use app::Caller;
use domain::audit::Origin;
use testkit::builders::{PrincipalExt as _, admin, member, only_packages, read_only};

/// The caller of this name.
///
/// # Panics
/// For a name that nobody has.
#[must_use]
pub fn caller(name: &str) -> Caller {
    let principal = match name {
        "ann" => member("ann").in_groups(&["research"]),
        "bob" => member("bob").in_groups(&["weather", "health"]),
        // Sees what everybody sees.
        "stranger" => member("stranger"),
        "root" => admin("root"),
        "reading key" => member("ann").in_groups(&["research"]).with_key(read_only()),
        "narrowed key" => admin("root").with_key(only_packages(&(1..=90).step_by(3).collect::<Vec<_>>())),
        "empty key" => admin("root").with_key(only_packages(&[])),
        other => panic!("nobody is called {other}"),
    };
    Caller { principal, origin: Origin { request_id: "request".to_owned(), source_ip: None } }
}
