print("pgvalet-load")
