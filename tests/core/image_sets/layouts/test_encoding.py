"""In which encoding a table is written."""

import pytest

from tests.core.image_sets.test_layout import files, read


@pytest.mark.parametrize(
    "text, codec, said",
    [
        ("file;label\r\n0.png;Bär\r\n1.png;Bör\r\n2.png;Bär\r\n3.png;Bör\r\n", "cp1252", "Windows-1252"),
        ("file,label\n0.png,Bär\n1.png,Bör\n2.png,Bär\n3.png,Bör\n", "utf-16", "UTF-16"),
        ("file,label\n0.png,Bär\n1.png,Bör\n2.png,Bär\n3.png,Bör\n", "utf-16-le", "UTF-16"),
        ("file,label\n0.png,Bär\n1.png,Bör\n2.png,Bär\n3.png,Bör\n", "utf-16-be", "UTF-16"),
        ("file,label\n0.png,猫\n1.png,狗\n2.png,猫\n3.png,狗\n", "gbk", "GBK"),
        ("file,label\n0.png,кошка\n1.png,собака\n2.png,кошка\n3.png,собака\n", "cp1251", "Windows-1251"),
        ("file,label\n0.png,ねこ\n1.png,いぬ\n2.png,ねこ\n3.png,いぬ\n", "cp932", "Shift-JIS"),
        ("file,label\n0.png,crème\n1.png,créée\n2.png,crème\n3.png,créée\n", "cp1252", "Windows-1252"),
        ("file,label\n0.png,Bär\n1.png,猫\n2.png,Bär\n3.png,猫\n", "utf-8-sig", ""),
    ],
)
def test_the_encoding_of_a_table_is_told_from_its_letters(text, codec, said):
    layout = read(files("all", count=4), {"labels.csv": text.encode(codec)})
    labels = {line.split(";" if ";" in line else ",")[1] for line in text.split()[1:]}
    assert set(layout.classes()) == labels
    assert any(said in note for note in layout.notes) if said else not layout.notes
