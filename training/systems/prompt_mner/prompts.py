"""The discrete prompts, by hand: what a photo may show that says something of the names beside it."""

PROMPTS = tuple(dict.fromkeys("""
person|people|man|woman|child|player|worker|singer|actor|politician|group of people|team|crowd|fans|couple|family|face|portrait|suit|dress|
hat|pants|jersey|helmet|microphone|stage|guitar|concert|interview|speech|selfie|baby|soldier|police officer|musician|dancer|
location|place|city|street|building|skyline|house|room|kitchen|restaurant|bar|hotel|office|school|church|museum|stadium|field|court|
beach|ocean|lake|river|mountain|forest|park|garden|road|bridge|tower|airport|station|market|store|desert|island|map|flag|sunset|snow|sky|
organisation|company|brand|logo|sign|advertisement|uniform|newspaper|football team|basketball team|baseball team|hockey team|soccer game|
football game|basketball game|baseball game|tennis|race car|trophy|medal|award|press conference|meeting|protest|police car|bank|shop|
product|event|movie|movie poster|book|album cover|magazine|song|television show|video game|screenshot|text on a picture|cartoon|painting|
statue|phone|laptop|computer|car|truck|bus|train|airplane|boat|bicycle|motorcycle|dog|cat|horse|bird|animal|food|cake|pizza|drink|beer|
wine|coffee|flower|tree|festival|party|wedding|parade|fireworks|christmas tree|award show|championship|ball
""".replace("\n", "").split("|")))
