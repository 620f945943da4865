//! Keys that `ssh-keygen` made: the line of each `.pub` file without its comment, the
//! fingerprint that `ssh-keygen -l` prints, and what `ssh-keygen -e -m PKCS8` and
//! `openssl pkey` make of it. Their private parts are not kept.

use ssh_key::public::{Ed25519PublicKey, KeyData};

use super::PersonKey;

/// One of many keys, of a kind that needs no proof to be one.
pub(crate) fn person_key(number: u8) -> PersonKey {
    let key = KeyData::Ed25519(Ed25519PublicKey([number; 32]));
    PersonKey::of(&key.into()).unwrap()
}

/// One key.
pub(in crate::access) struct Fixture {
    /// The kind and the key in base64.
    pub(in crate::access) line: &'static str,
    /// The SHA-256 fingerprint.
    pub(in crate::access) fingerprint: &'static str,
    /// The `SubjectPublicKeyInfo`, in base64.
    pub(in crate::access) spki: &'static str,
}

pub(in crate::access) const ED25519: Fixture = Fixture {
    line: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGxFPBDbN+OkrGp/NzegtTyHg3BxZTsar4i72WMqvI2s",
    fingerprint: "SHA256:nO+3qQfIt+8R9y7j1TWDKZPRQmea0OnHvbfOwtkgn/E",
    spki: "MCowBQYDK2VwAyEAbEU8ENs346Ssan83N6C1PIeDcHFlOxqviLvZYyq8jaw=",
};

pub(in crate::access) const P256: Fixture = Fixture {
    line: "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPyR7FM6buyA\
           uScJS59StiZEPrsBrkkM8mXayLpiLRJc7AzpRajkmTQ5aCPedwWUH9eSAE9rW7nXItT9j9niMJc=",
    fingerprint: "SHA256:iFugfLBMOF2QNjbTuy0aEpxJVQ1gxxSLxx7f3QIRxlo",
    spki: "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE/JHsUzpu7IC5JwlLn1K2JkQ+uwGuSQzyZdrIumItElzsDOlF\
           qOSZNDloI953BZQf15IAT2tbudci1P2P2eIwlw==",
};

pub(in crate::access) const P384: Fixture = Fixture {
    line: "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBLMU/k+s/Cp3\
           l3D0mUBvkmHMOG3UwyY4CKTj3d7fZr9MsnbuXJGOu5IGs3AAxU+u9jmJ4h0C0LReCcCk+g8/l2bpqrwbbS13\
           ZWmP1sWVrhzDsIulJp7SrG/j2UKk06F5nw==",
    fingerprint: "SHA256:YgBUFhjwM+/95NhfB8g7BUH7zD4IZJ+pJLeWHmYLl2c",
    spki: "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEsxT+T6z8KneXcPSZQG+SYcw4bdTDJjgIpOPd3t9mv0yydu5ckY67\
           kgazcADFT672OYniHQLQtF4JwKT6Dz+XZumqvBttLXdlaY/WxZWuHMOwi6UmntKsb+PZQqTToXmf",
};

pub(in crate::access) const P521: Fixture = Fixture {
    line: "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBACGWspHlFE4\
           hTUJ8boTZd2EuIQymP/jIP+Pi25zMvEq2wdpgt9hM5dCoTSBy927yNiZ4LV5AVXNORYgteHWLhboVwDJ/Q9L\
           fN0W5ks40g9m57sr1kysszPHECqxoq5G4q6CvEQEVwSbuyenZqpxx7cV62vBRGTcAjFvygFqCyTCErhgGA==",
    fingerprint: "SHA256:TebLRUwJtQK2p3LfpK30DJivL9AlCYuVoHCtIpWNnT4",
    spki: "MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQAhlrKR5RROIU1CfG6E2XdhLiEMpj/4yD/j4tuczLxKtsHaYLf\
           YTOXQqE0gcvdu8jYmeC1eQFVzTkWILXh1i4W6FcAyf0PS3zdFuZLONIPZue7K9ZMrLMzxxAqsaKuRuKugrxE\
           BFcEm7snp2aqcce3FetrwURk3AIxb8oBagskwhK4YBg=",
};

pub(in crate::access) const RSA: Fixture = Fixture {
    line: "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDan5lqMiEokWEvuP2uQAoqezZcI9eL3etwtfevoAywmwaA\
           A4PoqoVnT8Kx1A7Fxz0NEXF0Rh9j/ra1dZKySrhbLrUEBts2QNn/ddOzablnXwzOuDIf3qZfHgGHHaiWBWDM\
           uYHsSeHXGvzZCwPCvxewgtFwCc7Hssl1+reu62M4unbk7TF6i/1AsH4bMTKmdvxvv81VF6BswEhgWymdcbc2\
           wyHCf4P5aiR2wbin1w42tnbbWL+f1I3vGMxMxkfcyRZIRQ30hxAsKgCmpDryMRfr2RTSIttY59Gpsv+KfTLl\
           L2V39YP/a648H9wsrebAmfq7araqmxJw8KJ25mlHYn4D",
    fingerprint: "SHA256:l1eCynmtFV6m2AHvO7egDYcJtQFRbOa/J4RomLMcaAA",
    spki: "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA2p+ZajIhKJFhL7j9rkAKKns2XCPXi93rcLX3r6AM\
           sJsGgAOD6KqFZ0/CsdQOxcc9DRFxdEYfY/62tXWSskq4Wy61BAbbNkDZ/3XTs2m5Z18MzrgyH96mXx4Bhx2o\
           lgVgzLmB7Enh1xr82QsDwr8XsILRcAnOx7LJdfq3rutjOLp25O0xeov9QLB+GzEypnb8b7/NVRegbMBIYFsp\
           nXG3NsMhwn+D+WokdsG4p9cONrZ221i/n9SN7xjMTMZH3MkWSEUN9IcQLCoApqQ68jEX69kU0iLbWOfRqbL/\
           in0y5S9ld/WD/2uuPB/cLK3mwJn6u2q2qpsScPCiduZpR2J+AwIDAQAB",
};

pub(in crate::access) const RSA_1024: Fixture = Fixture {
    line: "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDWOoIcwYoxvqsH1XZ4PIyNYmu5J13qBML623GWFp/siSyI\
           9q5AUW6q+o0NBGu0exD+rQyR545bsKvx9gXW3M+kK5HIiNaz2Rsirjg6eNx7vAHb1LMRjcr2yL7D/2ayGtkZ\
           zh9V7bldroAG2Kj/UgfHF38er43nHtrNPD9HxXnIkw==",
    fingerprint: "SHA256:j/SMAvtNWDSqrbr2jWdsnDXWE7z6otCoVSVsxx3yzTY",
    spki: "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDWOoIcwYoxvqsH1XZ4PIyNYmu5J13qBML623GWFp/siSyI\
           9q5AUW6q+o0NBGu0exD+rQyR545bsKvx9gXW3M+kK5HIiNaz2Rsirjg6eNx7vAHb1LMRjcr2yL7D/2ayGtkZ\
           zh9V7bldroAG2Kj/UgfHF38er43nHtrNPD9HxXnIkwIDAQAB",
};
