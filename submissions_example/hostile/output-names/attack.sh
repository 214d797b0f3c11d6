. /attack/answers.sh
answer_all
cd /output
for name in '..\..\evil' 'C:evil' '-rf' '~' '%2e%2e%2f' '$(id)' '`id`' ';id' '*' '=cmd|x' 'classification.json ' 'CLASSIFICATION.JSON' 'CON' ' '; do
  echo x >"./$name"
done
printf x >"$(printf 'new\nline')"
printf x >"$(printf 'escape\033[2J\007')"
printf x >"$(printf 'override\342\200\256gnp.exe')"
printf x >"$(printf 'no-text\377\376')"
printf x >"$(printf 'wide\357\274\217slash')"
mkdir -p '...' '.. ' && echo x >'.../f' && echo x >'.. /f'
