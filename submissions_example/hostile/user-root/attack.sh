. /attack/answers.sh
echo "uid $(id -u) gid $(id -g)"
for set in Amb Inh Prm Bnd Eff; do
  caps=$(sed -n "s/^Cap$set:[[:space:]]*//p" /proc/self/status)
  [ "${caps:-0000000000000000}" = 0000000000000000 ] || breach "Cap$set is $caps"
done
echo "caps $caps"
must_fail su -c id
must_fail setpriv --clear-groups id
must_fail chpst -u 0 id
answer_all
