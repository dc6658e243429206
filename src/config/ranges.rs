//! What a setting may be, beyond its type: a limit of nothing would refuse everybody, and what is
//! no address would be printed into every link.

use mingka_channels::acp::is_address;

use super::Config;

impl Config {
    /// Refuses settings with which nothing could work, all of them at once.
    pub(super) fn check_ranges(&self) -> Result<(), String> {
        let (server, binding, precheck) = (&self.server, &self.binding, &self.precheck);
        let mut wrong = Vec::new();
        let mut within = |name: &str, value: u64, least: u64, most: u64| {
            if !(least..=most).contains(&value) {
                wrong.push(format!("{name} is {value}; give {least} to {most}"));
            }
        };
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let rate = u64::from(u32::MAX);
        within("[server] body_bytes_max", count(server.body_bytes_max), 1_024, 16 << 20);
        for (name, value) in [
            ("[server] key_requests_per_minute", server.key_requests_per_minute),
            ("[server] key_burst", server.key_burst),
            ("[server] address_requests_per_minute", server.address_requests_per_minute),
            ("[server] address_burst", server.address_burst),
            ("[precheck] device_account_count_max", precheck.device_account_count_max),
            ("[binding] code_sends_per_card_day_max", binding.code_sends_per_card_day_max),
            ("[binding] code_sends_per_phone_day_max", binding.code_sends_per_phone_day_max),
        ] {
            within(name, value.into(), 1, rate);
        }
        within("[server] connections_max", count(server.connections_max), 1, 1_000_000);
        let per_address = count(server.connections_per_address_max);
        within("[server] connections_per_address_max", per_address, 0, 1_000_000);
        within("[server] head_timeout_ms", server.head_timeout_ms, 0, 3_600_000);
        within("[server] body_timeout_ms", server.body_timeout_ms, 100, 3_600_000);
        within("[server] write_timeout_ms", server.write_timeout_ms, 100, 3_600_000);
        within("[precheck] age_years_min", precheck.age_years_min.into(), 0, 120);
        within("[precheck] clock_skew_max_ms", precheck.clock_skew_max_ms, 1_000, 31_536_000_000);
        within("[binding] session_lifetime_s", binding.session_lifetime_s.into(), 60, 604_800);
        within("[binding] lifetime_s", binding.lifetime_s.into(), 60, 604_800);
        let url = server.public_url.trim_end_matches('/');
        if !url.is_empty() && !is_address(url) {
            wrong.push(
                "[server] public_url is no address; give one such as https://pay.example.com"
                    .to_owned(),
            );
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }
}
