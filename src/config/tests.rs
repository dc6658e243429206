//! The documented settings are the real ones, and a wrong one names the nearest.

use super::*;

const DOCUMENTED: &str = include_str!("../../config.default.toml");

fn nothing() -> impl Iterator<Item = (String, String)> {
    std::iter::empty()
}

#[test]
fn the_documented_defaults_are_the_defaults() {
    let documented: toml::Table = toml::from_str(DOCUMENTED).unwrap();
    let mut real = toml::Table::try_from(Config::default()).unwrap();
    real.remove("channel");
    assert_eq!(documented, real, "config.default.toml and Config::default() differ");
}

#[test]
fn the_documented_channel_is_complete_and_readable() {
    let example: String = DOCUMENTED
        .lines()
        .skip_while(|line| *line != "# [[channel]]")
        .map(|line| line.strip_prefix("# ").or(line.strip_prefix('#')).unwrap_or(line))
        .fold(String::new(), |all, line| all + line + "\n");
    let parsed: toml::Table = toml::from_str(&example).unwrap();
    let config: Config = toml::from_str(&example).unwrap();
    let documented = parsed["channel"][0].as_table().unwrap();
    let real = toml::Table::try_from(config.channel[0].clone()).unwrap();
    let names = |t: &toml::Table| t.keys().cloned().collect::<std::collections::BTreeSet<_>>();
    assert_eq!(names(documented), names(&real));
}

#[test]
fn an_unknown_key_names_the_nearest() {
    let folder = std::env::temp_dir().join(format!("mingka-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("c.toml");
    std::fs::write(&file, "[server]\nlistne = \"127.0.0.1:0\"\n").unwrap();
    let error = Config::load(Some(&file), nothing()).unwrap_err();
    assert!(error.contains("did you mean `listen`?"), "{error}");
    assert!(error.contains("line 2"), "{error}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_environment_wins_and_is_checked() {
    let set = |name: &str, value: &str| {
        Config::load(None, std::iter::once((name.to_owned(), value.to_owned())))
    };
    assert_eq!(set("MINGKA_SERVER_LISTEN", "127.0.0.1:0").unwrap().server.listen, "127.0.0.1:0");
    assert_eq!(set("MINGKA_BINDING_LIFETIME_S", "60").unwrap().binding.lifetime_s, 60);
    assert!(set("MINGKA_BINDING_LIFETIME_S", "soon").unwrap_err().contains("whole number"));
    let error = set("MINGKA_SERVER_LISTN", "x").unwrap_err();
    assert!(error.contains("did you mean `MINGKA_SERVER_LISTEN`?"), "{error}");
}
