//! English names of issuing banks, for the few that most borrowers hold cards of. The Chinese name
//! stands in the BIN table.

/// The English name of a bank by its code.
#[must_use]
pub fn issuer_name_en(bank_code: &str) -> Option<&'static str> {
    let found = NAMES.binary_search_by_key(&bank_code, |(code, _)| code).ok();
    found.and_then(|place| NAMES.get(place)).map(|(_, name)| *name)
}

/// By code, in order.
const NAMES: &[(&str, &str)] = &[
    ("ABC", "Agricultural Bank of China"),
    ("BHB", "Bank of Hebei"),
    ("BJBANK", "Bank of Beijing"),
    ("BJRCB", "Beijing Rural Commercial Bank"),
    ("BOC", "Bank of China"),
    ("BOHAIB", "China Bohai Bank"),
    ("BOSZ", "Bank of Suzhou"),
    ("CCB", "China Construction Bank"),
    ("CDCB", "Bank of Chengdu"),
    ("CEB", "China Everbright Bank"),
    ("CIB", "Industrial Bank"),
    ("CITIC", "China CITIC Bank"),
    ("CMB", "China Merchants Bank"),
    ("CMBC", "China Minsheng Bank"),
    ("COMM", "Bank of Communications"),
    ("CRCBANK", "Chongqing Rural Commercial Bank"),
    ("CSCB", "Bank of Changsha"),
    ("CZBANK", "China Zheshang Bank"),
    ("EGBANK", "Hengfeng Bank"),
    ("GDB", "China Guangfa Bank"),
    ("HSBANK", "Huishang Bank"),
    ("HXBANK", "Hua Xia Bank"),
    ("HZCB", "Bank of Hangzhou"),
    ("ICBC", "Industrial and Commercial Bank of China"),
    ("JSBANK", "Bank of Jiangsu"),
    ("MYBANK", "MYbank"),
    ("NBBANK", "Bank of Ningbo"),
    ("NJCB", "Bank of Nanjing"),
    ("PSBC", "Postal Savings Bank of China"),
    ("SHBANK", "Bank of Shanghai"),
    ("SHRCB", "Shanghai Rural Commercial Bank"),
    ("SPABANK", "Ping An Bank"),
    ("SPDB", "Shanghai Pudong Development Bank"),
    ("TCCB", "Bank of Tianjin"),
    ("XWBANK", "XW Bank"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::BinTable;

    #[test]
    fn names_are_in_order_and_belong_to_banks_of_the_table() {
        assert!(NAMES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let table = BinTable::embedded();
        for (code, name) in NAMES {
            assert!(table.rows().iter().any(|row| &*row.bank_code == *code), "{code}");
            assert_eq!(issuer_name_en(code), Some(*name));
        }
        assert_eq!(issuer_name_en("NOBODY"), None);
    }
}
