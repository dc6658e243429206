//! Words about companies: name, credit code, clearing code.

use super::super::{Field, causes};
use super::{Words, words};

words! {
    COMPANY_NAME_MISSING: CompanyName, COMPANY_NAME_MISSING,
        "还没有填写企业名称。",
        "请输入营业执照上的完整名称。",
        "The company's name has not been entered yet.",
        "Enter the complete name on the business licence.";
    COMPANY_NAME_TOO_SHORT: CompanyName, COMPANY_NAME_TOO_SHORT,
        "企业名称太短，可能填的是简称。",
        "请输入营业执照上的完整名称，包括“有限公司”这样的字样。",
        "The company's name is too short; it may be an abbreviation.",
        "Enter the complete name on the business licence.";
    COMPANY_NAME_TOO_LONG: CompanyName, COMPANY_NAME_TOO_LONG,
        "企业名称超过了 {expected} 个字，里面可能混进了别的内容。",
        "请只填写营业执照上的名称。",
        "The company's name has more than {expected} characters; something else may be in it.",
        "Enter only the name on the business licence.";
    COMPANY_NAME_CHARACTER: CompanyName, COMPANY_NAME_CHARACTER,
        "企业名称第 {first} 个字不会出现在登记的名称里。",
        "请去掉这个字符，照营业执照填写。",
        "Character {first} of the company's name stands in no registered name.",
        "Take it out and enter the name as on the business licence.";
    COMPANY_CREDIT_CODE_MISSING: CreditCode, COMPANY_CREDIT_CODE_MISSING,
        "还没有填写统一社会信用代码。",
        "请输入营业执照上的 18 位代码。",
        "The unified social credit code has not been entered yet.",
        "Enter the 18 characters on the business licence.";
    COMPANY_CREDIT_CODE_LENGTH: CreditCode, COMPANY_CREDIT_CODE_LENGTH,
        "统一社会信用代码应当是 {expected} 位，现在是 {count} 位。",
        "请对照营业执照补全或删去；15 位的旧注册号请换成 18 位的新代码。",
        "The unified social credit code should have {expected} characters; this has {count}.",
        "Compare it with the business licence; an old number of 15 digits has been replaced.";
    COMPANY_CREDIT_CODE_CHARACTER: CreditCode, COMPANY_CREDIT_CODE_CHARACTER,
        "统一社会信用代码第 {first} 位不是代码用的字符：只有数字和大写字母，没有 I、O、S、V、Z。",
        "请对照营业执照核对第 {first} 位，多半是数字 1、0、5、2 被看成了字母。",
        "Character {first} is never used in such a code: it has digits and letters except I, O, \
         S, V and Z.",
        "Compare character {first} with the licence; it is probably the digit 1, 0, 5 or 2.";
    COMPANY_CREDIT_CODE_CHECK: CreditCode, COMPANY_CREDIT_CODE_CHECK,
        "统一社会信用代码里有一位打错了，或者有两位打反了，多半在第 {first} 到 {last} 位。",
        "请对照营业执照，先核对第 {first} 到 {last} 位，再看其他各位。",
        "One character of the code is mistyped, or two are swapped, most likely in {first} to \
         {last}.",
        "Compare characters {first} to {last} with the licence first, then the rest.";
    COMPANY_ORGANISATION_CHECK: CreditCode, COMPANY_ORGANISATION_CHECK,
        "统一社会信用代码第 {first} 到 {last} 位（组织机构代码）的最后一位和前面的对不上，可能有两处打错。",
        "请对照营业执照核对第 {first} 到 {last} 位；如果确实一样，可以继续。",
        "Characters {first} to {last} (the organisation code) do not fit their own check \
         character.",
        "Compare characters {first} to {last} with the licence; if they are the same, go on.";
    COMPANY_CLEARING_CODE_MISSING: ClearingCode, COMPANY_CLEARING_CODE_MISSING,
        "还没有填写开户行的联行号。",
        "请输入 12 位联行号；可以向开户行询问，或者看开户许可证、开户信息。",
        "The clearing code of the bank's branch has not been entered yet.",
        "Enter its 12 digits; the branch will tell you, or see the account's papers.";
    COMPANY_CLEARING_CODE_LENGTH: ClearingCode, COMPANY_CLEARING_CODE_LENGTH,
        "联行号应当是 {expected} 位，现在是 {count} 位。",
        "请对照开户信息补全或删去；银行账号不能当作联行号。",
        "The clearing code should have {expected} digits; this has {count}.",
        "Compare it with the account's papers; an account number will not do.";
    COMPANY_CLEARING_CODE_LETTER: ClearingCode, COMPANY_CLEARING_CODE_LETTER,
        "联行号第 {first} 位数字后面夹着文字或字母，联行号只有数字。",
        "请去掉夹在中间的文字，只留下 12 位数字。",
        "There is a letter or a word after digit {first}; a clearing code has only digits.",
        "Take it out and keep only the 12 digits.";
    COMPANY_CLEARING_CODE_CHECK: ClearingCode, COMPANY_CLEARING_CODE_CHECK,
        "联行号里有数字打错了：最后一位和前面的数字对不上。",
        "请对照开户信息逐位核对，或者向开户行再问一遍。",
        "A digit of the clearing code is mistyped: the last digit does not fit the others.",
        "Compare it with the account's papers, or ask the branch again.";
}
