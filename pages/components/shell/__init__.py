"""What every page uses: header, links, rights, words, and what is read once for all visitors."""
