#include "demo/world.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const Language world_languages[] = {
	{"ar", "Arabic", "العربية"},     {"bn", "Bengali", "বাংলা"},
	{"cs", "Czech", "čeština"},      {"da", "Danish", "dansk"},
	{"de", "German", "Deutsch"},     {"el", "Greek", "Ελληνικά"},
	{"en", "English", "English"},    {"es", "Spanish", "español"},
	{"fa", "Persian", "فارسی"},      {"fi", "Finnish", "suomi"},
	{"fr", "French", "français"},    {"hi", "Hindi", "हिन्दी"},
	{"id", "Indonesian", "Indonesia"}, {"it", "Italian", "italiano"},
	{"ja", "Japanese", "日本語"},    {"ko", "Korean", "한국어"},
	{"nl", "Dutch", "Nederlands"},   {"no", "Norwegian", "norsk"},
	{"pl", "Polish", "polski"},      {"pt", "Portuguese", "português"},
	{"ro", "Romanian", "română"},    {"ru", "Russian", "русский"},
	{"sv", "Swedish", "svenska"},    {"th", "Thai", "ไทย"},
	{"tr", "Turkish", "Türkçe"},     {"uk", "Ukrainian", "українська"},
	{"vi", "Vietnamese", "Tiếng Việt"}, {"zh", "Chinese", "中文"},
};
const size_t world_language_count = COUNT(world_languages);

const Country world_countries[] = {
	{"AR", "Argentina", "Americas", "es", 40},   {"AU", "Australia", "Oceania", "en", 24},
	{"AT", "Austria", "Europe", "de", 8},        {"BD", "Bangladesh", "Asia", "bn", 70},
	{"BE", "Belgium", "Europe", "nl", 11},       {"BR", "Brazil", "Americas", "pt", 180},
	{"CA", "Canada", "Americas", "en", 36},      {"CL", "Chile", "Americas", "es", 18},
	{"CO", "Colombia", "Americas", "es", 38},    {"CZ", "Czechia", "Europe", "cs", 9},
	{"DK", "Denmark", "Europe", "da", 6},        {"EG", "Egypt", "Africa", "ar", 80},
	{"FI", "Finland", "Europe", "fi", 5},        {"FR", "France", "Europe", "fr", 60},
	{"DE", "Germany", "Europe", "de", 78},       {"GR", "Greece", "Europe", "el", 9},
	{"IN", "India", "Asia", "hi", 700},          {"ID", "Indonesia", "Asia", "id", 210},
	{"IR", "Iran", "Asia", "fa", 73},            {"IE", "Ireland", "Europe", "en", 5},
	{"IT", "Italy", "Europe", "it", 51},         {"JP", "Japan", "Asia", "ja", 104},
	{"KE", "Kenya", "Africa", "en", 22},         {"MX", "Mexico", "Americas", "es", 107},
	{"NL", "Netherlands", "Europe", "nl", 17},   {"NZ", "New Zealand", "Oceania", "en", 5},
	{"NG", "Nigeria", "Africa", "en", 103},      {"NO", "Norway", "Europe", "no", 5},
	{"PK", "Pakistan", "Asia", "en", 111},       {"PL", "Poland", "Europe", "pl", 33},
	{"PT", "Portugal", "Europe", "pt", 9},       {"RO", "Romania", "Europe", "ro", 17},
	{"SA", "Saudi Arabia", "Asia", "ar", 36},    {"ZA", "South Africa", "Africa", "en", 45},
	{"KR", "South Korea", "Asia", "ko", 50},     {"ES", "Spain", "Europe", "es", 45},
	{"SE", "Sweden", "Europe", "sv", 10},        {"CH", "Switzerland", "Europe", "de", 9},
	{"TW", "Taiwan", "Asia", "zh", 22},          {"TH", "Thailand", "Asia", "th", 63},
	{"TR", "Türkiye", "Asia", "tr", 74},         {"UA", "Ukraine", "Europe", "uk", 30},
	{"GB", "United Kingdom", "Europe", "en", 66}, {"US", "United States", "Americas", "en", 330},
	{"VN", "Vietnam", "Asia", "vi", 78},
};
const size_t world_country_count = COUNT(world_countries);

const char *const world_first_names[] = {
	"Ada",    "Aisha",  "Akira",   "Alan",   "Amara",  "Anna",   "Barbara", "Bjarne", "Carlos", "Chen",
	"Clara",  "Dennis", "Diego",   "Edgar",  "Elena",  "Emeka",  "Fatima",  "Frida",  "Grace",  "Hana",
	"Hassan", "Ingrid", "Ivan",    "Jim",    "Joana",  "Katrin", "Ken",     "Lars",   "Leila",  "Linus",
	"Lucia",  "Margaret", "Mateo", "Mei",    "Michael", "Nadia", "Niklaus", "Noor",   "Olga",   "Pavel",
	"Priya",  "Radia",  "Ravi",    "Rosa",   "Sofia",  "Tariq",  "Tomas",   "Yuki",
};
const size_t world_first_name_count = COUNT(world_first_names);

const char *const world_last_names[] = {
	"Adeyemi", "Almeida", "Andersen", "Bauer",  "Becker",  "Bianchi", "Castro",   "Chaudhry", "Codd",    "Costa",
	"Dijkstra", "Diaz",   "Dubois",   "Fischer", "Garcia", "Gray",    "Hamilton", "Hopper",   "Ibrahim", "Ivanova",
	"Jansen",  "Kim",     "Knuth",    "Kovacs", "Lamport", "Larsson", "Lee",      "Liskov",   "Lovelace", "Mbeki",
	"Meyer",   "Moreau",  "Nakamura", "Nguyen", "Novak",   "Okafor",  "Patel",    "Perlman",  "Popescu", "Ritchie",
	"Rossi",   "Santos",  "Silva",    "Singh",  "Stonebraker", "Tanaka", "Wang",  "Yilmaz",
};
const size_t world_last_name_count = COUNT(world_last_names);

const char *const world_openings[] = {
	"Just finished",       "Still thinking about",  "Finally tried",         "Can't stop talking about",
	"Nobody told me about", "Day three of",         "Hot take on",           "Grateful for",
	"A few notes on",      "Today I learned about", "Looking forward to",    "Not sure what to make of",
	"Back from",           "Reading up on",         "Everybody should know", "Small victory with",
};
const size_t world_opening_count = COUNT(world_openings);

const char *const world_subjects[] = {
	"the morning train",     "my grandmother's soup",  "that new bridge",      "the night market",
	"distributed databases", "a very old bicycle",     "the harbour at dawn",  "our little garden",
	"the football final",    "a library by the river", "yesterday's concert",  "this mountain trail",
	"the perfect espresso",  "sourdough, again",       "learning the accordion", "the first snow",
	"a stray cat",           "consistent hashing",     "the school play",      "my neighbour's drums",
	"the long way home",     "a secondhand camera",    "the city marathon",    "two-phase commit",
};
const size_t world_subject_count = COUNT(world_subjects);

const char *const world_remarks[] = {
	"and it was worth every minute.",         "which is better than it sounds.",
	"and I have questions.",                  "so ask me anything.",
	"because why not?",                       "and the weather even held.",
	"with friends, as it should be.",         "but I would do it all again.",
	"and nobody was surprised.",              "in case you wondered where I was.",
	"which explains the last two days.",      "and now I need a longer weekend.",
	"more about that tomorrow.",              "and yes, there will be pictures.",
	"which my sister warned me about.",       "one shard at a time.",
};
const size_t world_remark_count = COUNT(world_remarks);

const char *const world_hashtags[] = {
	"#monday", "#travel", "#food", "#music", "#sql", "#photography", "#running", "#books", "#garden", "#coffee", "#cats", "#football",
};
const size_t world_hashtag_count = COUNT(world_hashtags);
