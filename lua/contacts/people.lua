-- The people that a new session's contact book begins with.

local rows = {
  -- name, e-mail, phone, role, company, group, birthday, favourite, notes
  { "Amara Okafor", "amara@northlight.example", "+44 20 7946 0110", "Architect", "Northlight Studio", "work", "1987-04-12", true, "Met at the Lisbon conference. Knows everybody who builds with timber." },
  { "Ben Carter", "ben.carter@example.org", "+1 202 555 0147", "Baker", "Carter & Sons", "friends", "1979-11-03", false, "Sourdough on Thursdays." },
  { "Chiara Rossi", "chiara.rossi@lumen.example", "+39 06 5550 192", "Product designer", "Lumen", "work", "1991-07-28", true, "" },
  { "Daniel Weiss", "daniel@weiss.example", "+49 30 901820", "Violinist", "", "friends", "1984-02-29", false, "Birthday only every four years, he says." },
  { "Elif Demir", "elif.demir@harbour.example", "+90 212 555 0133", "Harbour pilot", "Port Authority", "work", "1982-09-17", false, "" },
  { "Émilie Laurent", "emilie@laurent.example", "+33 1 70 18 99 00", "Physicist", "Institut du Lac", "family", "1990-12-17", true, "Aunt Rose's daughter." },
  { "Farid Haddad", "farid@cedar.example", "+961 1 555 012", "Translator", "Cedar Press", "work", "1976-05-06", false, "Arabic, French, Greek." },
  { "Grace Mbeki", "grace.mbeki@example.org", "+27 21 555 0187", "Paediatrician", "City Hospital", "friends", "1985-03-08", true, "" },
  { "Hiro Tanaka", "hiro@tanaka.example", "+81 3 5550 0199", "Luthier", "Tanaka Strings", "work", "1969-10-30", false, "Waiting list is two years." },
  { "Ingrid Solberg", "ingrid@fjord.example", "+47 22 55 01 77", "Glaciologist", "Fjord Research", "work", "1988-01-19", false, "In the field from May to August; use the satellite phone." },
  { "Jonas Petrov", "jonas.petrov@example.org", "+359 2 555 0161", "Chess teacher", "", "family", "1995-06-21", false, "" },
  { "Kavya Raman", "kavya@paperkite.example", "+91 80 5550 0128", "Illustrator", "Paper Kite", "friends", "1993-08-14", true, "Draws the birthday cards." },
  { "Liam Murphy", "liam@murphy.example", "+353 1 555 0172", "Ferry captain", "Island Lines", "work", "1974-12-02", false, "" },
  { "Mei Chen", "mei.chen@brightwater.example", "+86 21 5550 0104", "Data engineer", "Brightwater", "work", "1992-02-11", true, "Ask her about time series." },
  { "Nadia Haidari", "nadia@example.org", "+93 20 555 0119", "Photographer", "", "friends", "1989-10-05", false, "" },
  { "Oskar Lind", "oskar.lind@lind.example", "+46 8 555 01 43", "Carpenter", "Lind Snickeri", "work", "1981-07-07", false, "Built the kitchen." },
  { "Paula Navarro", "paula@navarro.example", "+34 91 555 01 90", "Lawyer", "Navarro Asociados", "family", "1978-03-30", false, "" },
  { "Quentin Dubois", "quentin@atelier.example", "+32 2 555 01 66", "Typographer", "Atelier Q", "work", "1986-09-09", false, "" },
  { "Rosa Lima", "rosa.lima@example.org", "+55 11 5550 0155", "Biology teacher", "Colégio do Sol", "family", "1961-05-25", true, "Aunt Rose. Calls on Sundays." },
  { "Samuel Adeyemi", "samuel@adeyemi.example", "+234 1 555 0181", "Civil engineer", "Bridge & Road", "work", "1983-11-11", false, "" },
  { "Tove Nielsen", "tove@nielsen.example", "+45 33 55 01 29", "Librarian", "Royal Library", "friends", "1972-04-01", false, "Finds any book." },
  { "Umar Siddiqui", "umar@siddiqui.example", "+92 21 555 0136", "Cardiologist", "Sea View Clinic", "work", "1970-08-22", false, "" },
  { "Vera Novak", "vera.novak@example.org", "+420 2 5550 0111", "Puppeteer", "Teatro Novak", "friends", "1994-01-27", true, "Premiere every October." },
  { "Wanjiru Kamau", "wanjiru@savanna.example", "+254 20 555 0158", "Ranger", "Savanna Trust", "work", "1990-06-15", false, "" },
  { "Yusuf Aydin", "yusuf@aydin.example", "+90 312 555 0194", "Clockmaker", "Aydin Saat", "family", "1966-02-20", false, "Grandfather's clock is with him until spring." },
}

return function()
  local people = {}
  for index, row in ipairs(rows) do
    people[index] = {
      name = row[1],
      email = row[2],
      phone = row[3],
      role = row[4],
      company = row[5],
      group = row[6],
      birthday = row[7],
      favourite = row[8],
      notes = row[9],
    }
  end
  return people
end
