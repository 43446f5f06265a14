"""What docker-compose.yml needs beside images: secrets made once, and a database for each service.

Runs in a container before everything else: `python -m deploy.compose make`, `databases`, `print`.
"""
