"""Domains under which everybody may have an address: they tell nothing of who somebody works for."""

_PROVIDERS = """
gmail.com googlemail.com outlook.com outlook.it outlook.de outlook.fr hotmail.com hotmail.it
hotmail.de hotmail.fr hotmail.es hotmail.co.uk live.com live.it live.de live.fr live.nl msn.com
passport.com yahoo.com yahoo.it yahoo.de yahoo.fr yahoo.es yahoo.co.uk yahoo.com.br ymail.com
rocketmail.com aol.com aol.de icloud.com me.com mac.com proton.me protonmail.com pm.me tutanota.com
tuta.io gmx.com gmx.de gmx.net gmx.at gmx.ch gmx.fr web.de t-online.de freenet.de arcor.de posteo.de
mailbox.org mail.de 1und1.de online.de vodafone.de kabelmail.de unitybox.de email.de
libero.it inwind.it iol.it blu.it giallo.it alice.it tin.it virgilio.it tim.it tiscali.it
tiscalinet.it fastwebnet.it vodafone.it aruba.it email.it teletu.it infinito.it poste.it katamail.com
hotmail.ch bluewin.ch sunrise.ch hispeed.ch aon.at chello.at a1.net utanet.at
orange.fr wanadoo.fr free.fr sfr.fr laposte.net neuf.fr bbox.fr numericable.fr club-internet.fr
aliceadsl.fr cegetel.net noos.fr voila.fr
wp.pl o2.pl onet.pl op.pl poczta.onet.pl vp.pl onet.eu interia.pl interia.eu poczta.fm gazeta.pl
tlen.pl go2.pl autograf.pl buziaczek.pl
telefonica.net terra.es ono.com sapo.pt telenet.be skynet.be proximus.be scarlet.be
ziggo.nl kpnmail.nl planet.nl hetnet.nl home.nl xs4all.nl upcmail.nl casema.nl
seznam.cz email.cz centrum.cz post.cz atlas.cz azet.sk zoznam.sk centrum.sk freemail.hu citromail.hu
abv.bg mail.bg yahoo.ro mail.ru bk.ru inbox.ru list.ru yandex.ru yandex.com rambler.ru ukr.net i.ua
comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net btinternet.com
btopenworld.com sky.com talktalk.net virginmedia.com ntlworld.com blueyonder.co.uk tiscali.co.uk
telia.com hotmail.se spray.se online.no tdcadsl.dk jubii.dk luukku.com kolumbus.fi mail.com
fastmail.com fastmail.fm hushmail.com zoho.com qq.com 163.com 126.com sina.com naver.com hanmail.net
rediffmail.com uol.com.br bol.com.br terra.com.br
pec.it legalmail.it arubapec.it postecert.it pec.aruba.it poste-certificate.it cert.legalmail.it
pec.libero.it registerpec.it gigapec.it sicurezzapostale.it mypec.eu pecimprese.it casellapec.com
postacert.it namirialpec.it infocert.it ticertifica.it pec.buffetti.it cgn.legalmail.it
"""
PROVIDERS = frozenset(_PROVIDERS.split())


def company_domains(domain: str) -> tuple[str, ...]:
    """Give a domain and those above it, the nearest first, as far as a company may own them.

    Empty for a provider's; a last label alone (`example`, `it`) belongs to nobody.
    """
    labels = domain.casefold().split(".")
    above = tuple(".".join(labels[begin:]) for begin in range(len(labels) - 1))
    return () if PROVIDERS.intersection(above) else above
