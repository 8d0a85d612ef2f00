//! Consumer details, passed on and not mastered.

use std::fmt;

/// A person's salutation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Title {
    /// Mr
    Mr,
    /// Ms
    Ms,
    /// Mrs
    Mrs,
}

/// A person's gender as the ledger knows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Gender {
    /// Male
    Male,
    /// Female
    Female,
}

/// Consumer details to be changed. A `None` leaves what the system of record holds.
///
/// It is personal data: `Debug` says only which fields are given.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Profile {
    /// Given name.
    pub first_name: Option<Box<str>>,
    /// Family name.
    pub last_name: Option<Box<str>>,
    /// Date of birth, `YYYYMMDD`.
    pub date_of_birth: Option<Box<str>>,
    /// Salutation.
    pub title: Option<Title>,
    /// Gender.
    pub gender: Option<Gender>,
    /// First line of the address.
    pub address_line: Option<Box<str>>,
    /// City.
    pub city: Option<Box<str>>,
    /// State or province.
    pub state: Option<Box<str>>,
    /// Country code.
    pub country: Option<Box<str>>,
    /// Postal code.
    pub postal_code: Option<Box<str>>,
    /// Telephone number.
    pub phone_number: Option<Box<str>>,
    /// E-mail address.
    pub email: Option<Box<str>>,
    /// Name of the bank where the customer holds the account.
    pub institution_name: Option<Box<str>>,
    /// Routing number of that bank.
    pub institution_id: Option<Box<str>>,
}

impl Profile {
    /// Lays `newer` over these details: two changes that were not delivered yet become one.
    #[must_use]
    pub fn merged_with(self, newer: Self) -> Self {
        Self {
            first_name: newer.first_name.or(self.first_name),
            last_name: newer.last_name.or(self.last_name),
            date_of_birth: newer.date_of_birth.or(self.date_of_birth),
            title: newer.title.or(self.title),
            gender: newer.gender.or(self.gender),
            address_line: newer.address_line.or(self.address_line),
            city: newer.city.or(self.city),
            state: newer.state.or(self.state),
            country: newer.country.or(self.country),
            postal_code: newer.postal_code.or(self.postal_code),
            phone_number: newer.phone_number.or(self.phone_number),
            email: newer.email.or(self.email),
            institution_name: newer.institution_name.or(self.institution_name),
            institution_id: newer.institution_id.or(self.institution_id),
        }
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given = [
            ("first_name", self.first_name.is_some()),
            ("last_name", self.last_name.is_some()),
            ("date_of_birth", self.date_of_birth.is_some()),
            ("title", self.title.is_some()),
            ("gender", self.gender.is_some()),
            ("address_line", self.address_line.is_some()),
            ("city", self.city.is_some()),
            ("state", self.state.is_some()),
            ("country", self.country.is_some()),
            ("postal_code", self.postal_code.is_some()),
            ("phone_number", self.phone_number.is_some()),
            ("email", self.email.is_some()),
            ("institution_name", self.institution_name.is_some()),
            ("institution_id", self.institution_id.is_some()),
        ];
        let mut out = f.debug_set();
        for (name, _) in given.iter().filter(|(_, is_given)| *is_given) {
            out.entry(&format_args!("{name}"));
        }
        out.finish()
    }
}
