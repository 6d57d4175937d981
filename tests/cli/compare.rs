//! A folder held against its package, what is said of packages, and what the command line tells of itself.

use datalake_tests_machine::Lake;

use crate::{files::write_folder, signed_in, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_held_against_its_package() {
    let (lake, datalake) = signed_in().await;
    let folder = write_folder(&lake, "rivers", &[("a.csv", b"x\n1\n"), ("deep/b.csv", b"y\n"), ("c.csv", b"z\n")]);
    let pushed = datalake.json(&["packages", "push", text(&folder), "--name", "Rivers"]).expect("pushed");
    let package = pushed["package_id"].as_str().expect("an id");
    let (diff, verify) = (["packages", "diff", package, text(&folder)], ["packages", "verify", package, text(&folder)]);
    assert_eq!(datalake.json(&diff).expect("no difference").as_array().map(Vec::len), Some(0));
    assert_eq!(datalake.json(&verify).expect("all of it")["same"], 3);

    std::fs::write(folder.join(".hidden"), "h\n").expect("written");
    let with = datalake.json(&["packages", "push", text(&folder), "--package", package, "--hidden"]).expect("pushed");
    assert_eq!(with["sent"], 1);
    std::fs::write(folder.join(".other"), "o\n").expect("written");
    assert_eq!(datalake.json(&diff).expect("no difference").as_array().map(Vec::len), Some(0));
    assert_eq!(datalake.json(&verify).expect("all of it, the hidden one too")["same"], 4);

    // As long as before.
    std::fs::write(folder.join("a.csv"), "x\n2\n").expect("written");
    std::fs::remove_file(folder.join("c.csv")).expect("removed");
    std::fs::write(folder.join("new.csv"), "n\n").expect("written");
    let differs = datalake.try_run(&[&diff[..], &["--output", "csv"]].concat()).expect("run");
    assert_eq!(differs.status.code(), Some(1));
    let listed = String::from_utf8(differs.stdout).expect("text");
    assert_eq!(listed, "change,name\nchanged,a.csv\nonly_in_package,c.csv\nonly_here,new.csv\n");
    let below = datalake.json(&[&diff[..], &["--prefix", "deep/"]].concat()).expect("no difference there");
    assert_eq!(below.as_array().map(Vec::len), Some(0));
    let wrong = datalake.try_run(&verify).expect("run");
    assert_eq!(wrong.status.code(), Some(1));
    let said = String::from_utf8(wrong.stderr).expect("text");
    assert!(
        said.contains("a.csv: its bytes are not those") && said.contains("c.csv: it is missing") && !said.contains("new.csv"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_a_package_is_changed_and_told() {
    let mut lake = Lake::start().await.expect("a lake");
    lake.invite_member("bea@example.org").await.expect("invited");
    let datalake = lake.signed_in_command_line(lake.ann()).await.expect("signed in");
    let package = datalake.json(&["packages", "create", "Rivers", "--description", "Old"]).expect("created");
    let id = package["id"].as_str().expect("an id");
    assert_eq!(datalake.try_run(&["packages", "update", id]).expect("run").status.code(), Some(2), "nothing to change");
    let changed = datalake.json(&["packages", "update", id, "--description", "New", "--if-version", "1"]).expect("changed");
    assert_eq!((&changed["name"], &changed["description"]), (&"Rivers".into(), &"New".into()));
    assert_eq!(datalake.try_run(&["packages", "update", id, "--name", "x", "--if-version", "1"]).expect("run").status.code(), Some(1));
    assert_eq!(datalake.json(&["packages", "describe", id]).expect("described")["title"], "Rivers");
    let history = datalake.json(&["packages", "history", id]).expect("told");
    assert!(history.as_array().is_some_and(|entries| entries.len() >= 2), "{history}");
    assert_eq!(datalake.json(&["statistics"]).expect("told")["owned"].as_u64().map(|owned| owned <= 1), Some(true));
    assert!(datalake.json(&["groups"]).expect("told").is_array() && datalake.json(&["suggest", "riv"]).expect("told").is_array());
    let people = datalake.json(&["people", "bea"]).expect("found");
    assert_eq!((&people[0]["name"], people.as_array().map(Vec::len)), (&"bea".into(), Some(1)), "{people}");
    let bea = people[0]["user_id"].as_str().expect("an id");
    assert_ne!(package["owner"], bea);
    let handed = datalake.json(&["packages", "transfer", id, "--to", bea]).expect("handed");
    assert_eq!(handed["owner"], bea, "{handed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn shells_and_manuals_know_every_command() {
    let (lake, datalake) = signed_in().await;
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(datalake.run(&["completions", shell]).expect("a script").contains("governance"), "{shell}");
    }
    let folder = lake.path("manual");
    datalake.run(&["manual", text(&folder)]).expect("written");
    let page = std::fs::read_to_string(folder.join("datalake-packages-push.1")).expect("a page");
    assert!(page.contains(".TH") && page.contains("datapackage.json"), "{page}");
}
