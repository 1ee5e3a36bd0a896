"""Pictures from people: read them safely, then bring them into the form a dataset's images have. Knows no torch, no Streamlit."""
