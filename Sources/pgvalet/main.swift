print("pgvalet")
