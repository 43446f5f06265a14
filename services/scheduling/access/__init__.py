"""How people come to a household's case: codes, PINs, sessions, the help of an assistant, and how often each may be tried."""
