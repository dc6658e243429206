//! Words about the holder: name, ID number, reserved phone.

use super::super::{Field, causes};
use super::{Words, words};

words! {
    ID_MISSING: IdNumber, ID_MISSING,
        "还没有填写证件号码。",
        "请输入身份证（或居住证、永久居留身份证）上的号码，一共 18 位。",
        "The ID number has not been entered yet.",
        "Enter the 18 characters on the ID card (or residence permit, or permanent residence \
         card).";
    ID_TOO_SHORT: IdNumber, ID_TOO_SHORT,
        "证件号码少了 {count} 位，应当是 {expected} 位。",
        "请对照证件，把漏掉的数字补上；末位是 X 的也要填。",
        "The ID number is {digits} short of {expected}.",
        "Compare it with the document and add what is missing; a final X counts too.";
    ID_TOO_LONG: IdNumber, ID_TOO_LONG,
        "证件号码多了 {count} 位，应当是 {expected} 位。",
        "请对照证件，去掉多出来的数字。",
        "The ID number is {digits} too long; it should have {expected}.",
        "Compare it with the document and remove the extra characters.";
    ID_TOO_MUCH_TEXT: IdNumber, ID_TOO_LONG,
        "粘贴的内容太长，没法从里面认出证件号码。",
        "请只粘贴或输入证件上的号码。",
        "The pasted text is too long to find the ID number in it.",
        "Paste or type only the number on the document.";
    ID_LETTER: IdNumber, ID_LETTER,
        "证件号码第 {first} 位是字母或文字：除了末位可以是 X，其他各位都是数字。",
        "请对照证件核对第 {first} 位，特别留意数字 0、1 和字母 O、I。",
        "Character {first} of the ID number is a letter; only the last one may be an X.",
        "Compare character {first} with the document; mind 0 and O, 1 and I.";
    ID_MASKED: IdNumber, ID_MASKED,
        "证件号码里有星号，这是被遮住一部分的号码。",
        "请对照证件原件，输入完整的号码。",
        "There are asterisks in the ID number: part of it is hidden.",
        "Enter the complete number as it stands on the document itself.";
    ID_CHECK_DIGIT: IdNumber, ID_CHECK_DIGIT,
        "证件号码里有一位打错了，或者有两位打反了：最后一位和前面的数字对不上。",
        "请对照证件逐位核对，特别是出生日期和最后四位。",
        "One character of the ID number is mistyped, or two are swapped: the last does not fit.",
        "Compare it with the document, above all the birth date and the last four characters.";
    ID_CHECK_DIGIT_SWAP: IdNumber, ID_CHECK_DIGIT,
        "证件号码第 {first} 位和第 {last} 位可能打反了：最后一位和前面的数字对不上。",
        "请对照证件，先看第 {first}、{last} 位，再看其他各位。",
        "Characters {first} and {last} of the ID number may be swapped: the last does not fit.",
        "Compare characters {first} and {last} with the document first, then the rest.";
    ID_BIRTH_DATE: IdNumber, ID_BIRTH_DATE,
        "证件号码第 {first} 到 {last} 位应当是出生日期，现在填的不是一个真实的日期。",
        "请对照证件核对第 {first} 到 {last} 位的年、月、日。",
        "Characters {first} to {last} of the ID number should be the birth date, but are no date.",
        "Compare year, month and day (characters {first} to {last}) with the document.";
    ID_UNDER_AGE: IdNumber, ID_UNDER_AGE,
        "按证件上的出生日期，还没有满 {expected} 周岁，暂时不能办理。",
        "请核对出生日期；如果没有填错，请满 {expected} 周岁以后再来。",
        "By the birth date on the document the holder is not yet {expected} years old.",
        "Check the birth date; if it is right, come back after that birthday.";
    ID_REGION_UNKNOWN: IdNumber, ID_REGION_UNKNOWN,
        "证件号码开头的地区代码不在我们的名单里，可能打错了，也可能名单还没有更新。",
        "请对照证件核对开头六位；如果确实一样，可以继续。",
        "The region code at the beginning of the ID number is not on our list.",
        "Compare the first six digits with the document; if they are the same, go on.";
    ID_REGION_REVOKED: IdNumber, ID_REGION_REVOKED,
        "证件号码开头的地区代码已经撤销，老的号码有这种情况。",
        "请对照证件核对开头六位；如果确实一样，可以继续。",
        "The region code at the beginning of the ID number is no longer in use; older numbers \
         have such codes.",
        "Compare the first six digits with the document; if they are the same, go on.";
    ID_OLD_FORM: IdNumber, ID_OLD_FORM,
        "这是旧式的 15 位证件号码，银行一般已经换成新号码登记，核对时可能对不上。",
        "如果已经换领了新证件，请填写新证件上的 18 位号码；没有换领的话，可以继续。",
        "This is an old ID number of 15 characters; banks mostly hold the newer one.",
        "If a newer document was issued, enter its 18 characters; otherwise go on.";

    PHONE_MISSING: Phone, PHONE_MISSING,
        "还没有填写银行预留手机号。",
        "请输入办这张银行卡时留给银行的手机号，一共 11 位。",
        "The phone number reserved at the bank has not been entered yet.",
        "Enter the 11 digits of the mobile number given to the bank for this card.";
    PHONE_TOO_SHORT: Phone, PHONE_TOO_SHORT,
        "手机号少了 {count} 位，应当是 {expected} 位。",
        "请把漏掉的数字补上。",
        "The phone number is {digits} short of {expected}.",
        "Add what is missing.";
    PHONE_TOO_LONG: Phone, PHONE_TOO_LONG,
        "手机号多了 {count} 位，应当是 {expected} 位。",
        "请去掉多出来的数字；只填一个手机号。",
        "The phone number is {digits} too long; it should have {expected}.",
        "Remove the extra digits; enter only one number.";
    PHONE_LETTER: Phone, PHONE_LETTER,
        "手机号第 {first} 位数字后面夹着文字或字母。",
        "请去掉夹在中间的文字，只留下 11 位数字；字母 O、I 多半应当是数字 0、1。",
        "There is a letter or a word after digit {first} of the phone number.",
        "Take it out and keep only the 11 digits; an O or I is probably a 0 or 1.";
    PHONE_MASKED: Phone, PHONE_MASKED,
        "手机号里有星号，这是被遮住一部分的号码。",
        "请输入完整的 11 位手机号。",
        "There are asterisks in the phone number: part of it is hidden.",
        "Enter all 11 digits of the mobile number.";
    PHONE_NOT_MOBILE: Phone, PHONE_NOT_MOBILE,
        "这不是手机号：内地手机号是 11 位，以 13 到 19 开头。",
        "请输入办卡时留给银行的手机号，不要填座机或客服电话。",
        "This is not a mobile number: those of the mainland have 11 digits and begin with 13 to \
         19.",
        "Enter the mobile number given to the bank, not a landline or a service number.";
    PHONE_NOT_MAINLAND: Phone, PHONE_NOT_MAINLAND,
        "这是内地以外的号码，目前只能核验内地手机号。",
        "请填写留给银行的内地手机号；如果银行只有境外号码，请先请银行更换预留手机号。",
        "This number is from outside the mainland; only mainland mobile numbers can be verified.",
        "Enter the mainland number the bank has; if it has none, ask the bank to change it first.";
    PHONE_FOR_DEVICES: Phone, PHONE_FOR_DEVICES,
        "以这几位开头的号码一般给设备使用，可能收不到短信验证码。",
        "请核对是不是留给银行的手机号；确认没有填错，可以继续。",
        "Numbers with these first digits are mostly used in devices and may not receive messages.",
        "Check that it is the number the bank has; if it is, go on.";

    NAME_MISSING: Name, NAME_MISSING,
        "还没有填写姓名。",
        "请输入持卡人的姓名，和证件上的一样。",
        "The name has not been entered yet.",
        "Enter the holder's name exactly as on the document.";
    NAME_TOO_SHORT: Name, NAME_TOO_SHORT,
        "姓名只有一个字，可能没有填完。",
        "请对照证件补全；证件上确实只有一个字的话，可以继续。",
        "The name has a single character and may be incomplete.",
        "Compare it with the document; if it is complete, go on.";
    NAME_TOO_LONG: Name, NAME_TOO_LONG,
        "填写的内容比证件上的姓名长得多，里面可能混进了别的内容。",
        "请只填写证件上的姓名。",
        "This is longer than any name on a document; something else may be in it.",
        "Enter only the name on the document.";
    NAME_MASKED: Name, NAME_MASKED,
        "姓名里有星号，这是被遮住一部分的姓名。",
        "请填写证件上的完整姓名。",
        "There are asterisks in the name: part of it is hidden.",
        "Enter the complete name as on the document.";
    NAME_DIGIT: Name, NAME_DIGIT,
        "姓名第 {first} 个字是数字。",
        "请去掉数字，只填写证件上的姓名。",
        "Character {first} of the name is a digit.",
        "Take it out and enter only the name on the document.";
    NAME_EMOJI: Name, NAME_EMOJI,
        "姓名第 {first} 个字是表情符号。",
        "请去掉表情，只填写证件上的姓名。",
        "Character {first} of the name is an emoji.",
        "Take it out and enter only the name on the document.";
    NAME_MARKUP: Name, NAME_MARKUP,
        "姓名第 {first} 个字是代码里才用的符号，姓名里不会有。",
        "请去掉这个符号，只填写证件上的姓名。",
        "Character {first} of the name is a sign of program code and stands in no name.",
        "Take it out and enter only the name on the document.";
    NAME_CONTROL: Name, NAME_CONTROL,
        "姓名第 {first} 个字是看不见的控制字符，多半是粘贴时带进来的。",
        "请把姓名删掉，重新手工输入一遍。",
        "Character {first} of the name is an invisible control character, probably pasted in.",
        "Clear the field and type the name anew.";
    NAME_LOOKALIKE: Name, NAME_LOOKALIKE,
        "姓名第 {first} 个字只是看起来像，其实是另一种文字的字符，银行会认作不同的名字。",
        "请把第 {first} 个字删掉，用输入法重新输入。",
        "Character {first} of the name only looks right; it belongs to another script.",
        "Delete character {first} and type it anew.";
    NAME_CHARACTER: Name, NAME_CHARACTER,
        "姓名第 {first} 个字不是汉字，也不是字母，银行登记的姓名里不会有。",
        "请按证件填写；少数民族或外国姓名中间的点可以用“·”。",
        "Character {first} of the name is neither a Chinese character nor a Latin letter.",
        "Enter the name as on the document; a middle dot may be used between its parts.";
    NAME_MIDDLE_DOT: Name, NAME_MIDDLE_DOT,
        "姓名里的“·”只会在两段名字中间，一处只有一个。",
        "请对照证件，去掉开头、结尾或重复的点。",
        "A middle dot stands only between two parts of a name, and only once.",
        "Compare it with the document and take out the dot at the end or the double one.";
    NAME_RARE_CHARACTER: Name, NAME_RARE_CHARACTER,
        "姓名第 {first} 个字是生僻字，有的银行登记的写法可能不一样。",
        "请先照证件填写；如果核验没有通过，请向开户行问一下登记的写法。",
        "Character {first} of the name is rare; some banks hold it in another form.",
        "Enter it as on the document; if it is not matched, ask the bank which form it holds.";
}
