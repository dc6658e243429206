//! Words about what the borrower types on.

use super::super::{Field, causes};
use super::{Words, words};

words! {
    ENVIRONMENT_APP_TOO_OLD: Environment, ENVIRONMENT_APP_TOO_OLD,
        "当前 App 版本太旧，绑卡可能办不成，这和您的银行卡没有关系。",
        "请先把 App 更新到 {version} 或更高版本，再来绑卡。",
        "This version of the app is too old to bind a card; your card is not the reason.",
        "Update the app to {version} or later, then come back.";
    ENVIRONMENT_OS_TOO_OLD: Environment, ENVIRONMENT_OS_TOO_OLD,
        "手机系统版本太旧，绑卡可能办不成，这和您的银行卡没有关系。",
        "请把手机系统更新到 {version} 或更高版本；更新不了的话，请换一部手机登录。",
        "The phone's system is too old to bind a card; your card is not the reason.",
        "Update the system to {version} or later; if that cannot be done, use another phone.";
    ENVIRONMENT_DEVICE_SHARED: Environment, ENVIRONMENT_DEVICE_SHARED,
        "这部手机上登录过 {count} 个账号，银行可能会因此多核对一次。",
        "请用您自己的手机和账号，绑定本人名下的银行卡。",
        "This device has been used by {count} accounts; the bank may check more closely.",
        "Use your own phone and account, and a card in your own name.";
    ENVIRONMENT_CLOCK_SKEW: Environment, ENVIRONMENT_CLOCK_SKEW,
        "手机时间和标准时间相差约 {count} 分钟，验证码可能会被当作已经过期。",
        "请在手机设置里打开“自动设置时间”，再继续。",
        "The phone's clock is off by about {count} min; a code may look expired because of it.",
        "Turn on automatic time in the phone's settings, then go on.";
    ENVIRONMENT_NETWORK_WEAK: Environment, ENVIRONMENT_NETWORK_WEAK,
        "现在网络比较慢，提交后结果可能要等一会儿。",
        "提交后请不要重复点击；最好换到信号好的地方或稳定的 Wi-Fi。",
        "The network is slow just now; the answer may take a while.",
        "Do not submit twice; a better signal or a steady Wi-Fi helps.";
    ENVIRONMENT_NETWORK_OFFLINE: Environment, ENVIRONMENT_NETWORK_OFFLINE,
        "手机现在没有连上网络，填写的内容还没有送出。",
        "请检查移动数据或 Wi-Fi，连上网络后再提交。",
        "The phone is not connected; nothing has been sent yet.",
        "Check mobile data or Wi-Fi, and submit once you are connected.";
}
