"""The portal: pages for migrants, in their language, on the same commands as the API. Every address begins with a language."""
