//! Names from many languages, each with its ASCII form for user names, and the organization's departments
//! and offices.
//!
//! **Invariant:** no two languages share the ASCII form of a family name, and no language lists a name
//! twice; with a counter for repeats that makes every user name unique without remembering any (a test
//! checks it).

/// One language's names. In the tables names are separated by `|`; `native=ascii` where the ASCII form is
/// not just the letters without their marks.
pub(super) struct Language {
    /// RFC 5646 tag.
    pub(super) tag: &'static str,
    /// Share of people, of 64.
    pub(super) weight: u8,
    /// Whether the family name comes first.
    pub(super) family_first: bool,
    given: &'static str,
    family: &'static str,
}

/// One name.
pub(super) struct Name {
    pub(super) native: &'static str,
    /// Lower-case letters, hyphens and apostrophes.
    pub(super) ascii: String,
}

/// A language's names, ready to use.
pub(super) struct Names {
    pub(super) tag: &'static str,
    pub(super) family_first: bool,
    pub(super) given: Vec<Name>,
    pub(super) family: Vec<Name>,
}

impl Language {
    pub(super) fn names(&self) -> Names {
        Names {
            tag: self.tag,
            family_first: self.family_first,
            given: table(self.given),
            family: table(self.family),
        }
    }
}

fn table(text: &'static str) -> Vec<Name> {
    let name = |item: &'static str| match item.split_once('=') {
        Some((native, ascii)) => Name { native, ascii: ascii.to_owned() },
        None => Name { native: item, ascii: fold(item) },
    };
    text.split('|').map(name).collect()
}

/// A Latin name in ASCII: marks dropped, spaces dropped, letters of their own spelled out.
fn fold(name: &str) -> String {
    let mut ascii = String::with_capacity(name.len());
    for c in name.chars().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '-' | '\'' => ascii.push(c),
            'ä' | 'á' | 'à' | 'â' | 'ã' | 'å' | 'ă' | 'ą' | 'ắ' | 'ạ' | 'ầ' => ascii.push('a'),
            'ç' | 'ć' | 'č' => ascii.push('c'),
            'ď' | 'đ' | 'ð' => ascii.push('d'),
            'é' | 'è' | 'ê' | 'ë' | 'ě' | 'ę' | 'ế' | 'ễ' => ascii.push('e'),
            'ğ' => ascii.push('g'),
            'í' | 'ì' | 'î' | 'ï' | 'ı' | 'ị' => ascii.push('i'),
            'ł' => ascii.push('l'),
            'ñ' | 'ń' | 'ň' => ascii.push('n'),
            'ö' | 'ó' | 'ò' | 'ô' | 'õ' | 'ø' | 'ő' | 'ồ' | 'ộ' | 'ọ' => ascii.push('o'),
            'ř' => ascii.push('r'),
            'ś' | 'š' | 'ş' => ascii.push('s'),
            'ť' => ascii.push('t'),
            'ü' | 'ú' | 'ù' | 'û' | 'ű' | 'ů' | 'ư' => ascii.push('u'),
            'ý' => ascii.push('y'),
            'ź' | 'ż' | 'ž' => ascii.push('z'),
            'ß' => ascii.push_str("ss"),
            'æ' => ascii.push_str("ae"),
            'œ' => ascii.push_str("oe"),
            'þ' => ascii.push_str("th"),
            _ => {}
        }
    }
    ascii
}

/// The languages; the weights add up to 64.
pub(super) const LANGUAGES: &[Language] = &[
    Language {
        tag: "en",
        weight: 14,
        family_first: false,
        given: "Ann|James|Olivia|Liam|Emma|Noah|Charlotte|William|Amelia|Henry|Grace|Jack|Mary-Jane|Thomas|Lucy|\
                George|Hannah|Samuel|Ruth|Peter|Megan|Daniel|Sophie|Edward|Zoë|Patrick|Chloë|Dwayne|Keisha|Billy-Bob",
        family: "Smith|Johnson|Williams|Brown|Jones|Davis|Miller|Wilson|Moore|Taylor|Anderson|Jackson|White|Harris|\
                 Thompson|Robinson|Clark|Lewis|Walker|Hall|Young|King|Wright|Hill|Green|Baker|Nelson|Carter|O'Neil|\
                 O'Brien|D'Arcy|McDonald|MacLeod|Smith-Jones|Fitzgerald|St. John|Ó Súilleabháin|Llewellyn|Featherstonehaugh|\
                 Parker-Bowles",
    },
    Language {
        tag: "de",
        weight: 7,
        family_first: false,
        given: "Jürgen|Anna|Götz|Käthe|Lukas|Björn|Hans-Peter|Ursula|Sören|Grete|Matthias|Annegret|Heinz|Lieselotte|\
                Jörg|Bärbel|Günther|Maximilian|Elke|Wolfgang",
        family: "Müller|Schmidt|Schneider|Fischer|Weber|Meyer|Wagner|Becker|Schulz|Hoffmann|Schäfer|Koch|Bauer|Richter|\
                 Klein|Wolf|Schröder|Neumann|Schwarz|Groß|von der Leyen|zu Guttenberg|Weißmüller|Kräuter-Böhm|Zöllner|\
                 Jäger|Vögeli|Großmann|Straßer|von Weizsäcker",
    },
    Language {
        tag: "fr",
        weight: 5,
        family_first: false,
        given: "François|Hélène|Jean-Luc|Geneviève|Étienne|Chloé|Anaïs|Benoît|Noël|Zoé|Loïc|Margaux|Théo|Aurélie|\
                Jean-Baptiste|Françoise|Cédric|Océane",
        family: "Lefèvre|Bernard|Dubois|Moreau|Lévêque|Girard|Bonnet|François|Fontaine|Chevalier|Gauthier|Béranger|\
                 d'Alembert|de La Tour|du Pré|L'Hôpital|Crèvecœur|Noël|Saint-Exupéry|Guérin|Hervé|Château|Île",
    },
    Language {
        tag: "es",
        weight: 5,
        family_first: false,
        given: "José|María|Íñigo|Lucía|Ángel|Begoña|Joaquín|Inés|Andrés|Sofía|Martín|Nuria|Jesús|Belén|Óscar|Rocío|\
                María José|Ramón",
        family: "García|Muñoz|Fernández|González|Rodríguez|López|Martínez|Sánchez|Pérez|Gómez|Jiménez|Ruiz|Hernández|\
                 Díaz|Álvarez|Núñez|Ibáñez|de la Cruz|del Río|García Márquez|Ortega y Gasset|Peña|Zúñiga|Castaño|Güell",
    },
    Language {
        tag: "it",
        weight: 3,
        family_first: false,
        given: "Giulia|Niccolò|Chiara|Lorenzo|Mosè|Francesca|Matteo|Lucia|Giosuè|Alessandra|Paolo|Noemi|Cosimo|Ornella",
        family: "Rossi|Ferrari|Esposito|Bianchi|Romano|Ricci|D'Angelo|De Luca|Dell'Acqua|Conti|Marino|Greco|Galli|\
                 Della Rovere|Nicolò|Papà|Forlì|Cantù",
    },
    Language {
        tag: "pt",
        weight: 3,
        family_first: false,
        given: "João|Conceição|Inês|Simão|Antônio|Luísa|Sebastião|Mônica|Estêvão|Tânia|Luís|Fabrício|Graça|Caetano",
        family: "Gonçalves|Magalhães|Simões|da Silva|dos Santos|Conceição|Araújo|Guimarães|Assunção|Brandão|Leitão|\
                 Falcão|Mourão|e Sousa|Antunes|Queirós",
    },
    Language {
        tag: "nl",
        weight: 3,
        family_first: false,
        given: "Daan|Femke|Jeroen|Loïs|Sanne|Joost|Renée|Wouter|Anouk|Sjoerd|Maaike|Thijs|Marijke|Pieter",
        family: "de Vries|van den Berg|van der Meer|Jansen|Bakker|Visser|'t Hart=thart|van 't Hoff=vanthoff|de Boer|Mulder|Dekker|\
                 Hoekstra|van Ĳssel=vanijssel|Brouwer|ter Horst|Coëvorden",
    },
    Language {
        tag: "pl",
        weight: 3,
        family_first: false,
        given: "Łukasz|Małgorzata|Paweł|Agnieszka|Zbigniew|Świętosława|Michał|Joanna|Wojciech|Grażyna|Stanisław|Żaneta|\
                Krzysztof|Elżbieta",
        family: "Nowak|Kowalski|Wiśniewski|Wójcik|Kamiński|Lewandowski|Zieliński|Szymański|Dąbrowski|Kozłowski|\
                 Brzęczyszczykiewicz|Wróbel|Źrebiec|Żółć|Gąsiorowski|Mączyński",
    },
    Language {
        tag: "cs",
        weight: 1,
        family_first: false,
        given: "Jiří|Kateřina|Tomáš|Lenka|Zdeněk|Šárka|Ondřej|Božena|Luboš|Žofie",
        family: "Novák|Dvořák|Černý|Procházka|Kučera|Veselý|Růžička|Křížek|Šťastný|Ďurina|Beneš|Havlíček",
    },
    Language {
        tag: "hu",
        weight: 1,
        family_first: true,
        given: "László|Erzsébet|György|Ágnes|Gergő|Tünde|Zoltán|Ibolya|Jenő|Katalin",
        family: "Nagy|Kovács|Tóth|Szabó|Horváth|Varga|Kiss|Molnár|Németh|Fülöp|Győri|Szűcs",
    },
    Language {
        tag: "sv",
        weight: 2,
        family_first: false,
        given: "Åsa|Björn|Linnéa|Göran|Märta|Örjan|Astrid|Håkan|Saga|Lars-Åke",
        family: "Andersson|Sjöberg|Lindström|Åkesson|Öberg|Häggström|Bergqvist|Ångström|Hörnfeldt|af Klint",
    },
    Language {
        tag: "nb",
        weight: 2,
        family_first: false,
        given: "Øystein|Åse|Bjørn|Solveig|Kjærsti|Ørjan|Guðrún|Þórbergur|Søren|Kåre",
        family: "Hansen|Ødegård|Sørensen|Bjørndalen|Kjærgaard|Østergaard|Ås|Guðmundsdóttir|Þorsteinsson|Næss|Sæther|\
                 Brønsted",
    },
    Language {
        tag: "tr",
        weight: 1,
        family_first: false,
        given: "Çağla|Oğuz|Gülşen|Işık|Şebnem|Ümit|Ayşe|Mustafa|Özlem|Yiğit",
        family: "Yılmaz|Şahin|Öztürk|Kılıç|Çelik|Güneş|Doğan|Aydın|Işıldak|Koç|Özdemir|Türkoğlu",
    },
    Language {
        tag: "vi",
        weight: 1,
        family_first: true,
        given: "Văn Minh|Thị Hồng=thihong|Đức Anh=ducanh|Ngọc Lan|Quốc Bảo=quocbao|Thùy Dương=thuyduong|Hoàng|Tuấn=tuan|Phương=phuong|Mỹ Linh=mylinh",
        family: "Nguyễn|Trần|Phạm|Huỳnh=huynh|Võ=vo|Đặng=dang|Bùi|Đỗ=do|Hồ|Ngô|Dương=duong|Lý=lyviet",
    },
    Language {
        tag: "ru",
        weight: 2,
        family_first: false,
        given: "Анна=anna|Борис=boris|Екатерина=ekaterina|Дмитрий=dmitry|Ольга=olga|Сергей=sergey|Наталья=natalya|\
                Юрий=yury|Людмила=lyudmila|Фёдор=fyodor",
        family: "Иванов=ivanov|Смирнов=smirnov|Кузнецов=kuznetsov|Попов=popov|Соколов=sokolov|Лебедев=lebedev|\
                 Щербаков=shcherbakov|Ёлкин=yolkin|Римский-Корсаков=rimsky-korsakov|Толстой=tolstoy|Жуков=zhukov|\
                 Чайковский=tchaikovsky",
    },
    Language {
        tag: "uk",
        weight: 1,
        family_first: false,
        given: "Олексій=oleksii|Ганна=hanna|Євген=yevhen|Ірина=iryna|Тарас=taras|Соломія=solomiia|Богдан=bohdan|\
                Леся=lesia",
        family: "Шевченко=shevchenko|Бойко=boiko|Коваленко=kovalenko|Ткаченко=tkachenko|Кравченко=kravchenko|\
                 Їжакевич=yizhakevych|Гриценко=hrytsenko|Лук'яненко=lukianenko|Ґалаґан=galagan|Мельник=melnyk",
    },
    Language {
        tag: "el",
        weight: 1,
        family_first: false,
        given: "Γιώργος=giorgos|Ελένη=eleni|Δημήτρης=dimitris|Αικατερίνη=aikaterini|Νίκος=nikos|Σοφία=sofia|\
                Ξενοφών=xenofon|Θάλεια=thaleia",
        family: "Παπαδόπουλος=papadopoulos|Αγγελόπουλος=angelopoulos|Νικολαΐδης=nikolaidis|Ψαρρός=psarros|\
                 Χατζής=chatzis|Οικονόμου=oikonomou|Βασιλείου=vasileiou|Ξυδάκης=xydakis",
    },
    Language {
        tag: "zh-Hans",
        weight: 3,
        family_first: true,
        given: "伟=wei|芳=fang|娜=na|秀英=xiuying|敏=min|静=jing|强=qiang|磊=lei|洋=yang|艳=yan|晓明=xiaoming|雪=xue|\
                建国=jianguo|𠮷祥=jixiang",
        family: "王=wang|李=li|张=zhang|刘=liu|陈=chen|杨=yang|黄=huang|赵=zhao|吴=wu|周=zhou|欧阳=ouyang|司马=sima|\
                 诸葛=zhuge|徐=xu",
    },
    Language {
        tag: "ja",
        weight: 2,
        family_first: true,
        given: "翔太=shota|さくら=sakura|陽菜=hina|健一=kenichi|美咲=misaki|大輔=daisuke|ケン=ken|結衣=yui|蓮=ren|葵=aoi",
        family: "佐藤=sato|鈴木=suzuki|高橋=takahashi|田中=tanaka|渡邉=watanabe|伊藤=ito|山本=yamamoto|中村=nakamura|\
                 𠮷田=yoshida|髙島=takashima|小林=kobayashi|齋藤=saito",
    },
    Language {
        tag: "ko",
        weight: 1,
        family_first: true,
        given: "민준=minjun|서연=seoyeon|지훈=jihun|수빈=subin|현우=hyeonu|지은=jieun|영호=yeongho|하늘=haneul",
        family: "김=kim|이=yi|박=park|최=choi|정=jeong|강=kang|남궁=namgung|황보=hwangbo",
    },
    Language {
        tag: "ar",
        weight: 1,
        family_first: false,
        given: "محمد=mohammed|فاطمة=fatima|أحمد=ahmed|عائشة=aisha|يوسف=yusuf|مريم=maryam|عبد الله=abdullah|ليلى=layla",
        family: "الحسيني=alhusseini|بن علي=benali|المصري=almasri|حداد=haddad|خوري=khoury|العباسي=alabbasi|\
                 أبو بكر=abubakr|منصور=mansour",
    },
    Language {
        tag: "he",
        weight: 1,
        family_first: false,
        given: "דוד=david|שרה=sarah|יוסף=yosef|רחל=rachel|אברהם=avraham|נועה=noa|משה=moshe|תמר=tamar",
        family: "כהן=cohen|לוי=levi|מזרחי=mizrahi|פרץ=peretz|ביטון=biton|בן־גוריון=ben-gurion|אזולאי=azoulay|שפירא=shapira",
    },
    Language {
        tag: "hi",
        weight: 1,
        family_first: false,
        given: "राहुल=rahul|प्रिया=priya|अमित=amit|अंजलि=anjali|विक्रम=vikram|सुनीता=sunita|कृष्णा=krishna|लक्ष्मी=lakshmi",
        family: "शर्मा=sharma|वर्मा=verma|सिंह=singh|गुप्ता=gupta|पटेल=patel|कुमार=kumar|मिश्रा=mishra|त्रिवेदी=trivedi",
    },
];

/// One department: its OU's name, its share of 64, its titles from the top down.
pub(super) struct Department {
    pub(super) name: &'static str,
    pub(super) weight: u8,
    pub(super) titles: [&'static str; 4],
}

/// The departments; the weights add up to 64. The first ones exist in every organization.
pub(super) const DEPARTMENTS: &[Department] = &[
    Department {
        name: "Sales, EMEA",
        weight: 12,
        titles: ["Vice President of Sales", "Sales Manager", "Account Manager", "Sales Representative"],
    },
    Department {
        name: "Research & Development",
        weight: 12,
        titles: ["Chief Technology Officer", "Engineering Manager", "Senior Engineer", "Engineer"],
    },
    Department {
        name: "Finance",
        weight: 6,
        titles: ["Chief Financial Officer", "Controller", "Senior Accountant", "Accountant"],
    },
    Department {
        name: "Production",
        weight: 10,
        titles: ["Plant Manager", "Shift Supervisor", "Machine Operator", "Assembler"],
    },
    Department {
        name: "IT + Security",
        weight: 5,
        titles: ["Chief Information Officer", "IT Manager", "System Administrator", "Help Desk Technician"],
    },
    Department {
        name: "Human Resources",
        weight: 3,
        titles: ["Head of Human Resources", "HR Manager", "Recruiter", "HR Assistant"],
    },
    Department {
        name: "Marketing",
        weight: 4,
        titles: ["Chief Marketing Officer", "Marketing Manager", "Content Editor", "Marketing Assistant"],
    },
    Department {
        name: "Kundendienst / Küche",
        weight: 4,
        titles: ["Leiter Kundendienst", "Teamleiter", "Fachberater", "Sachbearbeiter"],
    },
    Department {
        name: "Legal",
        weight: 2,
        titles: ["General Counsel", "Senior Counsel", "Counsel", "Paralegal"],
    },
    Department {
        name: "Logistics",
        weight: 3,
        titles: ["Head of Logistics", "Warehouse Manager", "Dispatcher", "Warehouse Operative"],
    },
    Department {
        name: "Purchasing",
        weight: 2,
        titles: ["Head of Purchasing", "Purchasing Manager", "Senior Buyer", "Buyer"],
    },
    Department {
        name: "Facilities \"Blue House\"",
        weight: 1,
        titles: ["Head of Facilities", "Facility Manager", "Caretaker", "Porter"],
    },
];

/// One office.
pub(super) struct Office {
    pub(super) city: &'static str,
    pub(super) street: &'static str,
    /// The first characters of its post codes; digits follow.
    pub(super) postal: &'static str,
    pub(super) state: &'static str,
    pub(super) phone: &'static str,
    /// How people there call an office: room numbers go after it.
    pub(super) room: &'static str,
}

/// The offices, in the order in which an organization grows.
pub(super) const OFFICES: &[Office] = &[
    Office {
        city: "Redmond",
        street: "Microsoft Way",
        postal: "980",
        state: "Washington",
        phone: "+1 425 555",
        room: "Building",
    },
    Office {
        city: "Zürich",
        street: "Bahnhofstrasse",
        postal: "80",
        state: "Zürich",
        phone: "+41 44 555",
        room: "Haus",
    },
    Office {
        city: "London",
        street: "King's Road",
        postal: "SW1A ",
        state: "England",
        phone: "+44 20 7946",
        room: "Floor",
    },
    Office {
        city: "München",
        street: "Theresienstraße",
        postal: "803",
        state: "Bayern",
        phone: "+49 89 5550",
        room: "Büro",
    },
    Office {
        city: "東京",
        street: "千代田区丸の内",
        postal: "100-",
        state: "東京都",
        phone: "+81 3 5555",
        room: "フロア",
    },
    Office {
        city: "São Paulo",
        street: "Avenida Paulista",
        postal: "013",
        state: "SP",
        phone: "+55 11 5555",
        room: "Andar",
    },
    Office {
        city: "Kraków",
        street: "Święty Jan",
        postal: "31-",
        state: "Małopolskie",
        phone: "+48 12 555",
        room: "Piętro",
    },
    Office {
        city: "Montréal",
        street: "Rue Saint-Denis",
        postal: "H2X ",
        state: "Québec",
        phone: "+1 514 555",
        room: "Bureau",
    },
    Office {
        city: "Αθήνα",
        street: "Λεωφόρος Αμαλίας",
        postal: "105 ",
        state: "Αττική",
        phone: "+30 21 0555",
        room: "Γραφείο",
    },
    Office {
        city: "मुंबई",
        street: "महात्मा गांधी मार्ग",
        postal: "400",
        state: "महाराष्ट्र",
        phone: "+91 22 5550",
        room: "तल",
    },
    Office {
        city: "تونس",
        street: "شارع الحبيب بورقيبة",
        postal: "10",
        state: "تونس",
        phone: "+216 71 555",
        room: "مكتب",
    },
    Office {
        city: "Washington, D.C.",
        street: "Pennsylvania Avenue",
        postal: "200",
        state: "DC",
        phone: "+1 202 555",
        room: "Suite",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn shares_add_up() {
        assert_eq!(LANGUAGES.iter().map(|l| u32::from(l.weight)).sum::<u32>(), 64);
        assert_eq!(DEPARTMENTS.iter().map(|d| u32::from(d.weight)).sum::<u32>(), 64);
    }

    #[test]
    fn names_are_unique_in_ascii() {
        let mut families = BTreeSet::new();
        for language in LANGUAGES {
            let names = language.names();
            let mut given = BTreeSet::new();
            for (name, fresh) in names.given.iter().map(|n| (n, given.insert(n.ascii.replace('\'', "")))) {
                assert!(fresh, "{}: given name {} twice", names.tag, name.native);
            }
            for name in &names.family {
                assert!(families.insert(name.ascii.replace('\'', "")), "family name {} twice", name.native);
            }
            for name in names.given.iter().chain(&names.family) {
                let plain = name.ascii.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'\''));
                assert!(plain && !name.ascii.is_empty(), "{} becomes {:?}", name.native, name.ascii);
                let letters = name.native.chars().filter(|c| c.is_alphabetic()).count();
                let latin = name.native.chars().all(|c| matches!(c as u32, 0..0x250 | 0x1e00..0x1f00));
                assert!(
                    !latin || name.ascii.len() >= letters,
                    "{} lost letters: {}",
                    name.native,
                    name.ascii
                );
            }
        }
    }
}
