//! Words about the card number.

use super::super::{Field, causes};
use super::{Words, words};

words! {
    CARD_NUMBER_MISSING: CardNumber, CARD_NUMBER_MISSING,
        "还没有填写银行卡号。",
        "请输入银行卡正面或背面的一长串数字，一般是 16 到 19 位。",
        "The card number has not been entered yet.",
        "Enter the long number on the front of the bank card, usually 16 to 19 digits.";
    CARD_NUMBER_NOT_FOUND: CardNumber, CARD_NUMBER_MISSING,
        "填写的内容里没有找到卡号。",
        "请只输入或粘贴卡面上的数字，一般是 16 到 19 位。",
        "There is no card number in what was entered.",
        "Enter or paste only the digits on the card, usually 16 to 19 of them.";
    CARD_NUMBER_TOO_MUCH_TEXT: CardNumber, CARD_NUMBER_TOO_LONG,
        "粘贴的内容太长，没法从里面认出卡号。",
        "请只粘贴卡号这一段，或者直接输入卡面上的数字。",
        "The pasted text is too long to find the card number in it.",
        "Paste only the card number, or type the digits on the card.";
    CARD_NUMBER_TOO_SHORT: CardNumber, CARD_NUMBER_TOO_SHORT,
        "卡号少了 {count} 位：这家银行的这种卡是 {expected} 位。",
        "请对照卡面，把漏掉的数字补上。",
        "The card number is {digits} short: cards of this kind from this bank have {expected}.",
        "Compare it with the card and add what is missing.";
    CARD_NUMBER_TOO_SHORT_ANY: CardNumber, CARD_NUMBER_TOO_SHORT,
        "卡号至少还少 {count} 位：银行卡号一般是 16 到 19 位。",
        "请对照卡面，把漏掉的数字补上；存折账号不能当作卡号。",
        "The card number is at least {digits} short: bank cards usually have 16 to 19.",
        "Compare it with the card and add what is missing; a passbook's number will not do.";
    CARD_NUMBER_TOO_LONG: CardNumber, CARD_NUMBER_TOO_LONG,
        "卡号多了 {count} 位：这家银行的这种卡是 {expected} 位。",
        "请对照卡面，去掉多出来的数字。",
        "The card number is {digits} too long: cards of this kind from this bank have {expected}.",
        "Compare it with the card and remove the extra digits.";
    CARD_NUMBER_TOO_LONG_AT: CardNumber, CARD_NUMBER_TOO_LONG,
        "卡号多了 {count} 位：这家银行的这种卡是 {expected} 位，第 {first} 位附近可能多打了一个数字。",
        "请对照卡面，先看第 {first} 位附近，去掉多出来的那个数字。",
        "The card number is {digits} too long: cards of this kind have {expected}. A digit near \
         place {first} may have been typed twice.",
        "Compare it with the card, first near place {first}, and take out the extra digit.";
    CARD_NUMBER_TOO_LONG_ANY: CardNumber, CARD_NUMBER_TOO_LONG,
        "卡号多了 {count} 位：银行卡号最多 {expected} 位。",
        "请对照卡面，去掉多出来的数字。",
        "The card number is {digits} too long: bank cards have {expected} at most.",
        "Compare it with the card and remove the extra digits.";
    CARD_NUMBER_LETTER: CardNumber, CARD_NUMBER_LETTER,
        "第 {first} 位数字后面夹着文字或字母，卡号里只有数字。",
        "请去掉夹在中间的文字；字母 O、I 多半应当是数字 0、1；如果粘贴了两段号码，只留下卡号那一段。",
        "There is a letter or a word after digit {first}; a card number has only digits.",
        "Take it out; an O or I is probably a 0 or 1; of two pasted numbers keep only the card's.";
    CARD_NUMBER_MASKED: CardNumber, CARD_NUMBER_MASKED,
        "第 {first} 位数字后面有星号，这是被遮住一部分的卡号。",
        "请对照实体卡，输入完整的卡号。",
        "There are asterisks after digit {first}: part of this card number is hidden.",
        "Enter the complete number as it stands on the card itself.";
    CARD_CHECK_DIGIT: CardNumber, CARD_CHECK_DIGIT,
        "卡号里可能有数字打错了：最后一位和前面的数字对不上。",
        "请四位一组对照卡面核对一遍；如果确实和卡面一样，可以继续。",
        "A digit may be mistyped: the last digit does not fit the others.",
        "Compare the number with the card, four digits at a time; if it is the same, go on.";
    CARD_CHECK_DIGIT_SWAP: CardNumber, CARD_CHECK_DIGIT,
        "第 {first} 位和第 {last} 位可能打反了：最后一位和前面的数字对不上。",
        "请先对照卡面看第 {first}、{last} 位；如果确实和卡面一样，可以继续。",
        "Digits {first} and {last} may be swapped: the last digit does not fit the others.",
        "Compare digits {first} and {last} with the card first; if all is the same, go on.";
    CARD_CHECK_DIGIT_GROUPS: CardNumber, CARD_CHECK_DIGIT,
        "可能有两个相邻的数字打反了，先看第 {groups} 组（每组四位）：最后一位和前面的数字对不上。",
        "请对照卡面核对第 {groups} 组，再看其他各组；如果确实和卡面一样，可以继续。",
        "Two neighbouring digits may be swapped, most likely in {groups} (four digits each): \
         the last digit does not fit the others.",
        "Compare {groups} with the card first, then the rest; if all is the same, go on.";
    CARD_CHECK_DIGIT_STOP: CardNumber, CARD_CHECK_DIGIT,
        "卡号里有数字打错了：最后一位和前面的数字对不上。",
        "请四位一组对照卡面核对一遍，改正后再继续。",
        "A digit is mistyped: the last digit does not fit the others.",
        "Compare the number with the card, four digits at a time, and correct it.";
    CARD_KIND_CREDIT: CardNumber, CARD_KIND_NOT_ACCEPTED,
        "这是一张信用卡。借款不能打到信用卡上，还款也不能从信用卡里扣。",
        "请换一张本人名下的借记卡（储蓄卡）。",
        "This is a credit card. A loan cannot be paid out to it, nor repaid from it.",
        "Use a debit card that is in your own name.";
    CARD_KIND_CREDIT_DISBURSEMENT: CardNumber, CARD_KIND_NOT_ACCEPTED,
        "这是一张信用卡。借款不能打到信用卡上。",
        "请换一张本人名下的借记卡（储蓄卡）来收款。",
        "This is a credit card. A loan cannot be paid out to it.",
        "Use a debit card that is in your own name to receive the money.";
    CARD_KIND_CREDIT_REPAYMENT: CardNumber, CARD_KIND_NOT_ACCEPTED,
        "这是一张信用卡。还款不能从信用卡里扣。",
        "请换一张本人名下的借记卡（储蓄卡）来还款。",
        "This is a credit card. A loan cannot be repaid from it.",
        "Use a debit card that is in your own name to repay.";
    CARD_KIND_SEMI_CREDIT: CardNumber, CARD_KIND_NOT_ACCEPTED,
        "这是一张准贷记卡，很多银行不允许用它收借款或还款。",
        "最好换一张本人名下的借记卡（储蓄卡），一次就能办成。",
        "This is a semi-credit card; many banks do not let loans be paid to or from it.",
        "A debit card in your own name is the sure way.";
    CARD_KIND_PREPAID: CardNumber, CARD_KIND_NOT_ACCEPTED,
        "这是一张预付卡，多数不能收借款，也不能用来还款。",
        "最好换一张本人名下的借记卡（储蓄卡），一次就能办成。",
        "This is a prepaid card; most of them can neither receive a loan nor repay it.",
        "A debit card in your own name is the sure way.";
    CARD_KIND_DEBIT: CardNumber, CARD_KIND_NOT_ACCEPTED,
        "这里暂时不受理借记卡（储蓄卡）。",
        "请换一张其他类型的银行卡；不清楚的话，请联系客服。",
        "Debit cards are not accepted here at present.",
        "Use another kind of bank card, or ask support if that is not clear.";
    CARD_BIN_UNKNOWN: CardNumber, CARD_BIN_UNKNOWN,
        "暂时认不出这张卡是哪家银行的，可能是新发的卡，也可能开头几位打错了。",
        "请对照卡面核对开头的数字；如果确实和卡面一样，可以继续。",
        "The issuing bank is not known to us yet: the card may be new, or its first digits \
         mistyped.",
        "Compare the first digits with the card; if they are the same, go on.";
}
