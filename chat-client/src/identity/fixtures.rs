//! Keys that `ssh-keygen` made for these tests, and for nothing else.

/// A key file and the fingerprint that `ssh-keygen -l` prints for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fixture {
    pub(super) private: &'static str,
    pub(super) public: &'static str,
    pub(super) fingerprint: &'static str,
}

pub(super) const ED25519: Fixture = Fixture {
    private: "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACBsRTwQ2zfjpKxqfzc3oLU8h4NwcWU7Gq+Iu9ljKryNrAAAAJAWGCiWFhgo
lgAAAAtzc2gtZWQyNTUxOQAAACBsRTwQ2zfjpKxqfzc3oLU8h4NwcWU7Gq+Iu9ljKryNrA
AAAECt6y/IFQs8/HYF/I9dSxkaFr05O+2GhoslDBkVdBsXP2xFPBDbN+OkrGp/NzegtTyH
g3BxZTsar4i72WMqvI2sAAAACmFubkBsYXB0b3ABAgM=
-----END OPENSSH PRIVATE KEY-----
",
    public: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGxFPBDbN+OkrGp/NzegtTyHg3BxZTsar4i72WMqvI2s ann\
           @laptop",
    fingerprint: "SHA256:nO+3qQfIt+8R9y7j1TWDKZPRQmea0OnHvbfOwtkgn/E",
};

pub(super) const P256: Fixture = Fixture {
    private: "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS
1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQT8kexTOm7sgLknCUufUrYmRD67Aa5J
DPJl2si6Yi0SXOwM6UWo5Jk0OWgj3ncFlB/XkgBPa1u51yLU/Y/Z4jCXAAAAqAkdvRAJHb
0QAAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPyR7FM6buyAuScJ
S59StiZEPrsBrkkM8mXayLpiLRJc7AzpRajkmTQ5aCPedwWUH9eSAE9rW7nXItT9j9niMJ
cAAAAhAPY5/3yHypuCjQPiiZ9urCmFf8e/8o/lvk4xvgQFSo1mAAAACmFubkBsYXB0b3AB
AgMEBQ==
-----END OPENSSH PRIVATE KEY-----
",
    public: "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPyR7FM6buyA\
           uScJS59StiZEPrsBrkkM8mXayLpiLRJc7AzpRajkmTQ5aCPedwWUH9eSAE9rW7nXItT9j9niMJc= ann@lap\
           top",
    fingerprint: "SHA256:iFugfLBMOF2QNjbTuy0aEpxJVQ1gxxSLxx7f3QIRxlo",
};

pub(super) const P384: Fixture = Fixture {
    private: "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAiAAAABNlY2RzYS
1zaGEyLW5pc3RwMzg0AAAACG5pc3RwMzg0AAAAYQSzFP5PrPwqd5dw9JlAb5JhzDht1MMm
OAik493e32a/TLJ27lyRjruSBrNwAMVPrvY5ieIdAtC0XgnApPoPP5dm6aq8G20td2Vpj9
bFla4cw7CLpSae0qxv49lCpNOheZ8AAADYP5AagT+QGoEAAAATZWNkc2Etc2hhMi1uaXN0
cDM4NAAAAAhuaXN0cDM4NAAAAGEEsxT+T6z8KneXcPSZQG+SYcw4bdTDJjgIpOPd3t9mv0
yydu5ckY67kgazcADFT672OYniHQLQtF4JwKT6Dz+XZumqvBttLXdlaY/WxZWuHMOwi6Um
ntKsb+PZQqTToXmfAAAAMQC2geTQAYL4TmyoIOER/4aI1fpUP6g1VWdal6mmY0tbxWgTHX
EceR3MXTih9uCLeTwAAAAKYW5uQGxhcHRvcAECAwQF
-----END OPENSSH PRIVATE KEY-----
",
    public: "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBLMU/k+s/Cp3\
           l3D0mUBvkmHMOG3UwyY4CKTj3d7fZr9MsnbuXJGOu5IGs3AAxU+u9jmJ4h0C0LReCcCk+g8/l2bpqrwbbS13\
           ZWmP1sWVrhzDsIulJp7SrG/j2UKk06F5nw== ann@laptop",
    fingerprint: "SHA256:YgBUFhjwM+/95NhfB8g7BUH7zD4IZJ+pJLeWHmYLl2c",
};

pub(super) const P521: Fixture = Fixture {
    private: "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAArAAAABNlY2RzYS
1zaGEyLW5pc3RwNTIxAAAACG5pc3RwNTIxAAAAhQQAhlrKR5RROIU1CfG6E2XdhLiEMpj/
4yD/j4tuczLxKtsHaYLfYTOXQqE0gcvdu8jYmeC1eQFVzTkWILXh1i4W6FcAyf0PS3zdFu
ZLONIPZue7K9ZMrLMzxxAqsaKuRuKugrxEBFcEm7snp2aqcce3FetrwURk3AIxb8oBagsk
whK4YBgAAAEI4lnqKuJZ6ioAAAATZWNkc2Etc2hhMi1uaXN0cDUyMQAAAAhuaXN0cDUyMQ
AAAIUEAIZaykeUUTiFNQnxuhNl3YS4hDKY/+Mg/4+LbnMy8SrbB2mC32Ezl0KhNIHL3bvI
2JngtXkBVc05FiC14dYuFuhXAMn9D0t83RbmSzjSD2bnuyvWTKyzM8cQKrGirkbiroK8RA
RXBJu7J6dmqnHHtxXra8FEZNwCMW/KAWoLJMISuGAYAAAAQgG1rB5zvpUCW1u8RwolU/Y/
tKJRPZPsrwjCKj5E0ebGIOipVBWy0VZBRT8SeAjcE+nDMLDraGBBoYn2NPHIQNBQTwAAAA
phbm5AbGFwdG9w
-----END OPENSSH PRIVATE KEY-----
",
    public: "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBACGWspHlFE4\
           hTUJ8boTZd2EuIQymP/jIP+Pi25zMvEq2wdpgt9hM5dCoTSBy927yNiZ4LV5AVXNORYgteHWLhboVwDJ/Q9L\
           fN0W5ks40g9m57sr1kysszPHECqxoq5G4q6CvEQEVwSbuyenZqpxx7cV62vBRGTcAjFvygFqCyTCErhgGA==\
            ann@laptop",
    fingerprint: "SHA256:TebLRUwJtQK2p3LfpK30DJivL9AlCYuVoHCtIpWNnT4",
};

pub(super) const RSA: Fixture = Fixture {
    private: "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAABFwAAAAdzc2gtcn
NhAAAAAwEAAQAAAQEA2p+ZajIhKJFhL7j9rkAKKns2XCPXi93rcLX3r6AMsJsGgAOD6KqF
Z0/CsdQOxcc9DRFxdEYfY/62tXWSskq4Wy61BAbbNkDZ/3XTs2m5Z18MzrgyH96mXx4Bhx
2olgVgzLmB7Enh1xr82QsDwr8XsILRcAnOx7LJdfq3rutjOLp25O0xeov9QLB+GzEypnb8
b7/NVRegbMBIYFspnXG3NsMhwn+D+WokdsG4p9cONrZ221i/n9SN7xjMTMZH3MkWSEUN9I
cQLCoApqQ68jEX69kU0iLbWOfRqbL/in0y5S9ld/WD/2uuPB/cLK3mwJn6u2q2qpsScPCi
duZpR2J+AwAAA8B65rqceua6nAAAAAdzc2gtcnNhAAABAQDan5lqMiEokWEvuP2uQAoqez
ZcI9eL3etwtfevoAywmwaAA4PoqoVnT8Kx1A7Fxz0NEXF0Rh9j/ra1dZKySrhbLrUEBts2
QNn/ddOzablnXwzOuDIf3qZfHgGHHaiWBWDMuYHsSeHXGvzZCwPCvxewgtFwCc7Hssl1+r
eu62M4unbk7TF6i/1AsH4bMTKmdvxvv81VF6BswEhgWymdcbc2wyHCf4P5aiR2wbin1w42
tnbbWL+f1I3vGMxMxkfcyRZIRQ30hxAsKgCmpDryMRfr2RTSIttY59Gpsv+KfTLlL2V39Y
P/a648H9wsrebAmfq7araqmxJw8KJ25mlHYn4DAAAAAwEAAQAAAQBlsAR4u7ZmmzBcNSxx
p0HTPporQ1SXrvI667i4TLZ6UrE0S+5IA0CnrBbABgWVArYn5OwjjBY/uZMcVgKUwWJ8rv
3tUI8X7hQ32YNNmShup2xanpxZ7ILwDRHi2e23UesTblm7ISZVmizve0sVgzKunDp0ZWtz
wXopUSOszbnKATyE52DIzkeqT8zeoGl9qe64RTpVfHLZSOdCcsFyoDzp2VhgubURFCXMdr
DwoTi3tbi+w50Px1HBskitY+H17bLTFykyGMSOTe/HilgfQKFa2IZBcZA+Gx9N4xGJbhtB
Mx9YwvdSX5zrefAMQBU2ZBeyMUC5z7RgXfAgYl0MjOQxAAAAgQDeap0ALHrgzqrEqBdY+X
nJmod6GcvrqIPu8lwCPICoKQNY66Qng0Ymbu3M3x8POO1eG2quZEOp2S2jpdcFP96EXhqE
JmjFMSUoueQkNq3ZC7wBprEMPnvmHgfFG463YR5fS+9QDq+KDAhZwn72MKDyAi71V1mUG3
AOpBWKAZ3nDgAAAIEA/SXgKIsxtP1JeA9sMT4pi+5UeKOIKLqLy08J6vQSpzlhc1bJ1CUG
r3WPYDjEYe3MdsYZG3ORAmXn2EmAi8TLPl5jOT1vrBTExrrG3bLt/wGKMtB9R9PVKNJxW3
oKSsEHKDzNUpnC7EmmbcyYVFl0jx/rfgbt3WyA7SdrXhPOHOkAAACBAN0WJhKEBAVtEeyF
Pvy8yLiAPnRfrBGaNI0Ywgp0poryKvuBq4sscw2rRXbu5Bo7zy5pT5DLjmbEzyU+zU+kVe
INSexaj6ev8XUZUp0AK0iWYNh3aCNh6Cldm0DyBoPOaL+9KEa3kzbF0HcD8oXLGRujWYGG
sOi6aaQB9BUPxUALAAAACmFubkBsYXB0b3A=
-----END OPENSSH PRIVATE KEY-----
",
    public: "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDan5lqMiEokWEvuP2uQAoqezZcI9eL3etwtfevoAywmwaA\
           A4PoqoVnT8Kx1A7Fxz0NEXF0Rh9j/ra1dZKySrhbLrUEBts2QNn/ddOzablnXwzOuDIf3qZfHgGHHaiWBWDM\
           uYHsSeHXGvzZCwPCvxewgtFwCc7Hssl1+reu62M4unbk7TF6i/1AsH4bMTKmdvxvv81VF6BswEhgWymdcbc2\
           wyHCf4P5aiR2wbin1w42tnbbWL+f1I3vGMxMxkfcyRZIRQ30hxAsKgCmpDryMRfr2RTSIttY59Gpsv+KfTLl\
           L2V39YP/a648H9wsrebAmfq7araqmxJw8KJ25mlHYn4D ann@laptop",
    fingerprint: "SHA256:l1eCynmtFV6m2AHvO7egDYcJtQFRbOa/J4RomLMcaAA",
};

pub(super) const WITH_PASSPHRASE: Fixture = Fixture {
    private: "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABA+3m+8Js
qTaiy1N8wLTot/AAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIOvrYYuGo5pLSj8R
UWIwd1a2kV/PPdVemGf6zEId7EqEAAAAkDUxkKRyp8s8s5qAzwItCVP6cpkmPN/AxdtYCr
h2EgvYY7rLwMrCjDz4EA3gocq6OdtomHdVNXHz3ne6kNH3mzqqikwxzfHQGg9dtNiGh/Pa
hIvt+3R2BvTGm3eHqo0sRLHyXfHAawqeS9OjVHCn2o42OKZhHa5VJJrD0SXhvxgYAYiWBC
jFB8Jp/YNwqYKevg==
-----END OPENSSH PRIVATE KEY-----
",
    public: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOvrYYuGo5pLSj8RUWIwd1a2kV/PPdVemGf6zEId7EqE ann\
           @laptop",
    fingerprint: "SHA256:/hF+3I45T6Wi8dfCFzBBJrPhPZ/8QdntcFunlbFRdZ4",
};

/// A key whose private number has 31 bytes.
pub(super) const SHORT_P256: Fixture = Fixture {
    private: "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS
1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQR4oMZ8IE+aUCJsuvARpkVAJW1YdObX
b4Zo3F69FWOaySzL9LbptnS/3lAbLWoAvLMm6D1V5kgpnN6Qjc2wZyIHAAAAmGjzDFZo8w
xWAAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHigxnwgT5pQImy6
8BGmRUAlbVh05tdvhmjcXr0VY5rJLMv0tum2dL/eUBstagC8syboPVXmSCmc3pCNzbBnIg
cAAAAfTGOEW4PPQxijwHQAAafHcCMKuKW8laNL1+OXQpmVTwAAAAF4
-----END OPENSSH PRIVATE KEY-----
",
    public: "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHigxnwgT5pQ\
           Imy68BGmRUAlbVh05tdvhmjcXr0VY5rJLMv0tum2dL/eUBstagC8syboPVXmSCmc3pCNzbBnIgc= x",
    fingerprint: "SHA256:9imyFA8qV83J1ZWDfS5LRd1MJNiG0/j7kMYrJE9mDpM",
};

/// The beginning and the end of a key in an older format.
pub(super) const OLD_FORMAT: &str =
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n";
